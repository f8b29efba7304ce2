extension Coordinator {
    /// A higher record wins everywhere: store it, and stand down if it names the other server.
    ///
    /// When it names this server and the epoch that it asked for, the other server has accepted the claim.
    mutating func obeyHigherRecord(at now: Moment) -> [Directive] {
        guard !isPlaceTaken, let offered = peer.latest?.record, offered.supersedes(writing ?? record) else { return [] }
        if isActive { returnDelay.activationEnded(at: now.monotonic) }
        if offered.holder == me, offered.epoch == claim {
            wonEpoch = claim
            returnDelay.returned(at: now.monotonic)
        }
        if let claim, offered.epoch >= claim { self.claim = nil }
        return store(offered)
    }
}
