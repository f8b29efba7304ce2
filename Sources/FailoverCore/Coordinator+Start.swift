extension Coordinator {
    /// Start (rule 11): nobody acts before the other server was asked.
    ///
    /// Only a server that was ALONE may take a refused connection as an answer, since nobody can have taken over from
    /// it. All others ask for `startPatience`.
    mutating func decideStart(at now: Moment) -> [Directive] {
        guard let startDeadline else { return resume(at: now) }
        let isPatienceOver = now.monotonic >= startDeadline
        if let answer = peer.latest, peer.lost(at: now.monotonic, silence: timing.silence) == nil {
            if isPlaceTaken { return isPatienceOver ? [.refuseStart] : [] }
            self.startDeadline = nil
            if record == nil, answer.record == nil, identity.role == .main { return startFresh(at: now) }
            return resume(at: now)
        }
        let isRefused = peer.link == .refused || !identity.hasPeer
        guard let record else {
            if identity.role == .main, isRefused || isPatienceOver { return startFresh(at: now) }
            // A Backup that was never paired has nothing to act on.
            if isPatienceOver { self.startDeadline = nil }
            return []
        }
        if record.holder == me, isPatienceOver || (isRefused && record.mode == .alone) {
            self.startDeadline = nil
            return resume(at: now)
        }
        guard isPatienceOver else { return [] }
        self.startDeadline = nil
        guard record.mode == .paired || identity.role == .main else { return [] }
        return claimAlone(
            identity.role == .main ? .backupLost : .mainLost,
            evidence: "\(record.holder) could not be reached for \(timing.startPatience) after the start",
            silence: .zero, at: now)
    }

    /// While it starts, this server heard the other one answer to somebody else: a second server of its role.
    var isPlaceTaken: Bool {
        guard startDeadline != nil, let echo = peer.latest?.echo else { return false }
        return echo.session != identity.session
    }

    private mutating func startFresh(at now: Moment) -> [Directive] {
        claimAlone(.started, evidence: "first start of this site", silence: .zero, at: now)
    }

    /// The record names this server, but an earlier run of it: go on in a new epoch.
    private mutating func resume(at now: Moment) -> [Directive] {
        guard let record, record.holder == me, record.epoch != wonEpoch, !isLeaving else { return [] }
        return claimAlone(.resumed, evidence: "\(me) held the last epoch", silence: .zero, at: now)
    }
}
