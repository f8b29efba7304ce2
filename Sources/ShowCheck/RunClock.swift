import Glibc
import ShowHistory

/// The one clock of a run. It is the same for every process, also in another network.
struct RunClock: Sendable {
    /// Nanoseconds of the system's monotonic clock.
    let began: UInt64

    init(began: UInt64) { self.began = began }

    static var startingNow: RunClock { RunClock(began: nanoseconds) }

    var now: Elapsed { Elapsed(Self.nanoseconds - began) / 1e9 }

    private static var nanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
