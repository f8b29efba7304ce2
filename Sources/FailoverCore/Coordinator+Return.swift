extension Coordinator {
    /// Main asks for its place back when both servers have heard each other for the whole return delay (rule 10).
    mutating func claimReturn(at now: Moment) {
        guard identity.role == .main, identity.returnsAutomatically, !isLeaving, startDeadline == nil, !isActive,
            let record, record.holder != me, let healthySince = peer.healthySince,
            now.monotonic - healthySince >= returnDelay.current
        else {
            claim = nil
            return
        }
        claim = record.epoch.next(for: .main)
    }

    /// The holder stops acting, then hands the epoch that was asked for to the other server (rule 6).
    mutating func acceptClaim(at now: Moment) -> [Directive] {
        guard isActive, let record, peer.healthySince != nil, let other = peer.latest, let claim = other.claim,
            claim > record.epoch
        else { return [] }
        return store(
            newEpoch(
                claim, holder: other.sender.name, reason: .mainReturned,
                evidence: "\(other.sender.name) was healthy for its return delay", silence: .zero, at: now))
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
