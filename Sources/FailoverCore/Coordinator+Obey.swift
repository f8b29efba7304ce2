extension Coordinator {
    /// A higher record wins everywhere: store it, and stand down if it names the other server.
    ///
    /// When it names this server and the epoch that it asked for, the other server has accepted the claim (rule 4a).
    mutating func obeyHigherRecord(at now: Moment) -> [Directive] {
        guard !isPlaceTaken, let offered = peer.latest?.record, offered.supersedes(writing ?? record) else { return [] }
        if isOlderThanLostStore(offered) {
            record = offered
            isRecordStored = false
            claim = nil
            votes = [:]
            return []
        }
        let isGranted = offered.holder == me && offered.epoch == claim?.epoch
        if isGranted { confirmsFrom = nil }
        if isGranted ? offered.reason != claim?.reason : isGrantedToEarlierRun(offered) { unwanted = offered.epoch }
        return store(offered, isWon: isGranted)
    }

    /// An earlier run of this server asked for it and never acted in it, since it is not on disk here: what it was ordered
    /// was refused, or the operator got no answer (found by the simulation).
    private func isGrantedToEarlierRun(_ offered: Record) -> Bool {
        guard let record else { return false }
        return offered.holder == me && offered.epoch > record.epoch
    }

    /// The store was lost, and this record is perhaps older than what was in it. Until this run is paired, or a new epoch
    /// begins, it is kept in memory only: on disk it would hide from the next run that the store was lost, and that run
    /// would take epochs which were used before (found by the simulation).
    private func isOlderThanLostStore(_ offered: Record) -> Bool {
        guard let epochFloor, offered.epoch <= epochFloor else { return false }
        return offered.standbySession != identity.session && record?.standbySession != identity.session
    }
}
