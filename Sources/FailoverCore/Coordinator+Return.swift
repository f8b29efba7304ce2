extension Coordinator {
    // MARK: - Return

    /// Main asks for its place back when it is the standby and both servers have heard each other for the whole return
    /// delay (rule 10). After a switchover it waits for the operator.
    mutating func claimReturn(at now: Moment) {
        guard claim == nil, identity.role == .main, identity.returnsAutomatically, !isLeaving, let record,
            record.holder != me, record.mode == .paired, record.standbySession == identity.session, !record.staysAway,
            let healthySince = peer.healthySince, let other = peer.latest, other.isActive,
            now.monotonic - healthySince >= returnDelay(after: record)
        else { return }
        claim = makeClaim(.handOver, .mainReturned, "\(me) was healthy for its return delay", at: now)
    }

    /// Doubled by each failure that soon followed a return, so that a Main that fails again and again does not drag the
    /// clients to and fro.
    private func returnDelay(after record: Record) -> Duration {
        var delay = timing.returnDelay
        for _ in 0..<record.failuresAfterReturn where delay < timing.longestReturnDelay { delay = delay * 2 }
        return min(delay, max(timing.longestReturnDelay, timing.returnDelay))
    }

    /// Counted by whoever writes the record, since Main may have lost its memory by then.
    func failuresAfterReturn(endingWith claim: Claim) -> Int {
        let before = record?.failuresAfterReturn ?? 0
        guard claim.reason == .mainLost, record.map({ isMain($0.holder) }) == true else { return before }
        let wasSoon = returnedAt.map { lastHandled - $0 < timing.returnIsSoon } ?? false
        return wasSoon ? before + 1 : 0
    }
}
