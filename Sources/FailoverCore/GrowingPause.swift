/// A pause that is longer each time it begins soon again, so that a flapping link burns few epochs (rule 8).
struct GrowingPause: Hashable, Sendable {
    private let timing: Timing
    private var length: Duration
    private var end: MonotonicTime?

    init(timing: Timing) {
        self.timing = timing
        length = timing.pairingDelay
    }

    func isOver(at now: MonotonicTime) -> Bool { end.map { now >= $0 } ?? true }

    mutating func begin(at now: MonotonicTime) {
        if let end, now - end >= timing.pairingIsStable { length = timing.pairingDelay }
        end = now + length
        length = min(length * 2, timing.longestPairingDelay)
    }
}
