import FailoverCore

/// A node's two clocks: a monotonic one with an origin and a constant rate of its own, and a wall clock that may jump.
///
/// Rates are off by at most 1.5 %, so two nodes differ by at most 3 %: 3.9 ms in 130 ms, within the 5 ms that the
/// record allows for.
struct NodeClock {
    static let largestDriftPerMillion: Int64 = 15_000
    /// The wall clock's reading at the start of the run: a site that is some years old.
    private static let wallAtStart: Int64 = 1_700_000_000_000

    private let origin: Int64
    private let driftPerMillion: Int64
    /// How far the wall clock is off, in milliseconds.
    private var wallOffset: Int64 = 0

    init(_ random: inout SplitMix64) {
        origin = random.number(in: 1_000_000_000...1_000_000_000_000_000)
        let largest = Self.largestDriftPerMillion
        driftPerMillion = random.chance(0.3) ? random.pick([-largest, largest]) : random.number(in: -largest...largest)
    }

    func monotonic(at instant: Instant) -> MonotonicTime {
        MonotonicTime(nanoseconds: origin + elapsed(at: instant.nanoseconds))
    }

    func moment(at instant: Instant) -> Moment {
        let wall = Self.wallAtStart + instant.nanoseconds / 1_000_000 + wallOffset
        return Moment(monotonic: monotonic(at: instant), wall: Timestamp(millisecondsSince1970: wall))
    }

    /// The first instant at which the monotonic clock shows `time`.
    func instant(of time: MonotonicTime) -> Instant {
        let shown = time.nanoseconds - origin
        var instant = shown * 1_000_000 / (1_000_000 + driftPerMillion)
        while elapsed(at: instant) < shown { instant += 1 }
        return Instant(nanoseconds: instant)
    }

    mutating func jump(milliseconds: Int64) { wallOffset = milliseconds }

    /// Sets the wall clock right.
    mutating func setRight() { wallOffset = 0 }

    private func elapsed(at instant: Int64) -> Int64 { instant + instant * driftPerMillion / 1_000_000 }
}
