import Glibc

/// The processor time that another process of this machine has used.
struct ProcessClock: Sendable {
    private let clock: clockid_t

    /// Returns `nil` when there is no such process.
    init?(of process: Int32) {
        var clock = clockid_t()
        guard clock_getcpuclockid(process, &clock) == 0 else { return nil }
        self.clock = clock
    }

    /// `nil` when the process has ended.
    var used: Duration? {
        var time = timespec()
        guard clock_gettime(clock, &time) == 0 else { return nil }
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
