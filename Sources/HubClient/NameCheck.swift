import FailoverCore
import HubProtocol

/// Whether another machine of this name works on the site already.
///
/// A retained status may be left over from a machine that lost its power, so only a heartbeat that arrives while this
/// machine looks on proves that the other one lives.
struct NameCheck: Sendable {
    enum Verdict: Hashable, Sendable {
        case free, taken, undecided
    }

    /// Longer than two heartbeats of the other machine.
    static let patience = Duration.milliseconds(2500)

    private let session: String
    private(set) var other: MachineStatus?

    init(session: String) { self.session = session }

    mutating func saw(_ status: MachineStatus) -> Verdict {
        let isPresent = status.session != session && [.starting, .online, .leaving].contains(status.state)
        other = isPresent ? status : nil
        return isPresent ? .undecided : .free
    }

    func saw(_ heartbeat: MachineHeartbeat, isRetained: Bool) -> Verdict {
        other != nil && heartbeat.session == other?.session && !isRetained ? .taken : .undecided
    }
}
