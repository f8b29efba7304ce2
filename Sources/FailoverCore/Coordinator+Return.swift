extension Coordinator {
    /// Main asks for its place back when it is the standby and both servers have heard each other for the whole return
    /// delay (rule 10). After a planned switch it waits for the operator.
    mutating func claimReturn(at now: Moment) {
        guard claim == nil, identity.role == .main, identity.returnsAutomatically, !isLeaving, let record,
            record.holder != me, record.mode == .paired, record.standbySession == identity.session,
            record.reason != .planned, let healthySince = peer.healthySince, let other = peer.latest, other.isActive,
            now.monotonic - healthySince >= returnDelay.current
        else { return }
        claim = makeClaim(.handOver, .mainReturned, "\(me) was healthy for its return delay", at: now)
    }
}

/// How long Main must be healthy before clients go home: longer each time a return was soon followed by another
/// failure.
struct ReturnDelay: Hashable, Sendable {
    private let timing: Timing
    private(set) var current: Duration
    private var returnedAt: MonotonicTime?

    init(timing: Timing) {
        self.timing = timing
        current = timing.returnDelay
    }

    mutating func returned(at now: MonotonicTime) { returnedAt = now }

    /// Main was active and is not any more.
    mutating func activationEnded(at now: MonotonicTime) {
        guard let returnedAt else { return }
        let wasSoon = now - returnedAt < timing.returnIsSoon
        current = wasSoon ? min(current * 2, timing.longestReturnDelay) : timing.returnDelay
        self.returnedAt = nil
    }
}
