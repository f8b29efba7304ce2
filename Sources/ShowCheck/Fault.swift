import ArgumentParser

/// What is done to a site.
enum Fault: String, ExpressibleByArgument, CaseIterable, Sendable {
    /// SIGKILL to a server and its brokers.
    case kill
    /// SIGSTOP to a server and its brokers, and SIGCONT after a while.
    case hang
    /// SIGSTOP, and SIGKILL after a while.
    case hangAndKill = "hang-and-kill"
    /// SIGTERM.
    case stop
    /// SIGKILL to a server's hub broker alone.
    case hubBroker = "hub-broker"
    /// An operator's planned switch to the other hub.
    case switchover = "switch"
    /// The standby is lost, and just after it came back, the active server, often before it could tell the other one what
    /// it has confirmed alone.
    case standbyThenActive = "standby-then-active"
    /// The active server is lost, and its standby, which acts alone by then, when the first one came back.
    case activeThenStandby = "active-then-standby"
    /// A server's cable is pulled, and put back after a while.
    case serverCable = "server-cable"
    /// Only the two servers do not reach each other for a while.
    case serverLink = "server-link"
    /// A machine on which programs work reaches nobody for a while.
    case machineCable = "machine-cable"
    /// Such a machine reaches only one of the servers for a while.
    case machineLink = "machine-link"

    var needsNetwork: Bool {
        switch self {
        case .kill, .hang, .hangAndKill, .stop, .hubBroker, .switchover, .standbyThenActive, .activeThenStandby: false
        case .serverCable, .serverLink, .machineCable, .machineLink: true
        }
    }
}
