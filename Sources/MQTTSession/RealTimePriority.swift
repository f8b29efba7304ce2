import CLinux
import Glibc

/// What a switch waits for goes before all other work of its machine, by the kernel's real-time scheduling (sched(7)), as
/// Corosync does it. The kernel allows it to whoever has CAP_SYS_NICE, or as far as RLIMIT_RTPRIO says; where it does not,
/// all works the same and waits for its turn.
public enum RealTimePriority: Int32, Sendable {
    /// A machine that follows and votes. Also a hub, while there is a switch to tell: a machine on the same processor must not
    /// interrupt it before it has told the others.
    case machine = 1
    case server = 2
    /// The servers and the witnesses hear each other through it. It has little to do.
    case controlBroker = 3

    public static let refusal =
        "no real-time scheduling here, so that a switch may wait for other work of this machine; CAP_SYS_NICE allows it, or a limit of \(RealTimePriority.controlBroker.rawValue) (systemd: LimitRTPRIO)"

    /// - Parameter process: one with a single thread; 0: the calling thread. Its children do not inherit it.
    /// - Returns: whether the kernel allows it.
    @discardableResult
    public func give(to process: pid_t) -> Bool {
        Self.schedule(process, SCHED_RR, priority: rawValue)
    }

    /// It waits for its turn again.
    public static func take(from process: pid_t) { schedule(process, SCHED_OTHER, priority: 0) }

    @discardableResult
    private static func schedule(_ process: pid_t, _ policy: Int32, priority: Int32) -> Bool {
        var parameters = sched_param(sched_priority: priority)
        // Also where the priority is taken back: whoever has no more than a limit may not clear it.
        return sched_setscheduler(process, policy | Int32(resetOnFork), &parameters) == 0
    }
}
