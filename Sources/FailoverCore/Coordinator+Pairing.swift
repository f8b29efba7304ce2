extension Coordinator {
    /// Whether the other server is there, hears this one, and holds this epoch's record.
    ///
    /// What a broken network held up comes late and all at once: an echo that is old already would begin a pair whose
    /// lease is over.
    public var canPair: Bool {
        guard isActive, let record, record.mode == .alone, peer.healthySince != nil,
            let other = peer.latest, !other.isLeaving, let echo = other.echo, lastHandled - echo.sentAt < asksAfter
        else { return false }
        return other.record?.epoch == record.epoch
    }

    /// The holder names the standby that may take over from it, and who votes (rules 8 and 9).
    mutating func pair(at now: Moment) -> [Directive] {
        guard canPair, isLeaving || pairingPause.isOver(at: now.monotonic), let other = peer.latest, var next = record
        else {
            return []
        }
        next.version += 1
        next.mode = .paired
        next.standbySession = other.session
        next.witnesses = witnessChoice.choose(keeping: [])
        next.lease = timing.lease
        if identity.role == .main { next.backup = other.sender } else { next.main = other.sender }
        pairingPause.paired(at: now.monotonic)
        // The heartbeat that the standby has echoed last: it holds this epoch's record since then.
        echoedAt = other.echo?.sentAt
        return store(next)
    }
}

/// How long a holder waits before it pairs again after it lost a standby: longer each time, so that a flapping link
/// burns few epochs.
struct PairingPause: Hashable, Sendable {
    private let timing: Timing
    private var next: Duration
    private var pausedUntil: MonotonicTime?
    private var pairedAt: MonotonicTime?

    init(timing: Timing) {
        self.timing = timing
        next = timing.pairingDelay
    }

    func isOver(at now: MonotonicTime) -> Bool { pausedUntil.map { now >= $0 } ?? true }

    mutating func paired(at now: MonotonicTime) { pairedAt = now }

    mutating func pairEnded(at now: MonotonicTime) {
        if let pairedAt, now - pairedAt >= timing.pairingIsStable { next = timing.pairingDelay }
        pausedUntil = now + next
        next = min(next * 2, timing.longestPairingDelay)
    }
}
