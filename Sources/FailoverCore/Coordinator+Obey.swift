extension Coordinator {
    /// A higher record wins everywhere: store it, and stand down if it names the other server.
    ///
    /// When it names this server and the epoch that it asked for, the other server has accepted the claim (rule 4a).
    mutating func obeyHigherRecord(at now: Moment) -> [Directive] {
        guard !isPlaceTaken, let offered = peer.latest?.record, offered.supersedes(writing ?? record) else { return [] }
        let isGranted = offered.holder == me && offered.epoch == claim?.epoch
        if isGranted { confirmsFrom = nil }
        return store(offered, isWon: isGranted)
    }
}
