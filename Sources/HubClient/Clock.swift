import FailoverCore
import HubProtocol

extension MonotonicTime {
    /// The clock of this machine. It goes on while the machine is suspended, as a lease does.
    public static var now: MonotonicTime { origin + (ContinuousClock.now - start) }

    private static let start = ContinuousClock.now
    private static let origin = MonotonicTime(nanoseconds: 0)
}

extension Moment {
    public static var now: Moment { Moment(monotonic: .now, wall: .now) }
}
