import FailoverCore
import LocalSite

extension FaultCourse {
    /// Some way through the network is cut for a while.
    mutating func cut(
        _ fault: Fault, _ active: LocalSite.Server, _ standby: LocalSite.Server, hitsActive: Bool
    ) async throws {
        let (server, role) = hitsActive ? (active, "active") : (standby, "standby")
        let machine = Run.machines.randomElement(using: &random)!
        switch fault {
        case .serverCable:
            await recorder.note(kind: "\(role)'s cable pulled", "the cable of \(server.name) (\(role)) is pulled")
            try await pullCable(of: server.name)
        case .serverLink:
            await recorder.note(kind: "servers' link cut", "the servers do not reach each other")
            try await cut(active.name, from: standby.name)
        case .machineCable:
            absence = (load.libraryReaders(on: machine), recorder.now)
            await recorder.note(kind: "programs cut off", "the cable of \(machine) and its programs is pulled")
            try await pullCable(of: machine)
        case .machineLink:
            // Its readers miss nothing: there is the other server.
            await recorder.note(
                kind: "programs cut off from the \(role) server",
                "\(machine) and its programs do not reach \(server.name) (\(role))")
            try await cut(machine, from: server.name)
        case .kill, .hang, .hangAndKill, .stop, .hubBroker, .switchover, .standbyThenActive, .activeThenStandby: break
        }
    }

    /// In seconds. A session gives up after 3 s without an answer: some outlive a cut, and some do not.
    private static let length = 0.1...5

    private mutating func pullCable(of machine: MachineName) async throws {
        let began = recorder.now
        try await network?.pullCable(of: machine)
        try await pause(Self.length)
        try await network?.plugCable(of: machine)
        cutLasted = recorder.now - began
        recorder.say("the cable of \(machine) is back")
    }

    private mutating func cut(_ one: MachineName, from other: MachineName) async throws {
        let began = recorder.now
        try await network?.lose(PacketLoss.between([one], [other]))
        try await pause(Self.length)
        try await network?.loseNothing()
        cutLasted = recorder.now - began
        recorder.say("\(one) and \(other) reach each other again")
    }
}
