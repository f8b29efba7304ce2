import FailoverCore
import HubProtocol

/// The machines of the site, as this server's hub broker has them.
struct MachineTable {
    private(set) var statuses: [MachineName: MachineStatus] = [:]
    private var links: [MachineName: MachineLinks] = [:]
    private var unread: [MachineName: [Topic.MachineItem: [UInt8]]] = [:]

    /// What came counts when it is read: many machines speak at once when they switch, and this server has something
    /// better to do then.
    mutating func note(_ item: Topic.MachineItem, of machine: MachineName, _ payload: [UInt8]) {
        unread[machine, default: [:]][item] = payload
    }

    /// A deleted topic, which is empty, and what makes no sense say nothing of a machine.
    mutating func read() {
        for (machine, items) in unread {
            if let status = items[.status] { statuses[machine] = try? MachineStatus(decoding: status) }
            if let links = items[.links] { self.links[machine] = try? MachineLinks(decoding: links) }
        }
        unread = [:]
    }

    /// The clients that are there. Lazy: it is asked for with every event of a switch.
    private var clients: some Sequence<MachineName> {
        statuses.lazy.filter { $0.value.role == .client && $0.value.state == .online }.map(\.key)
    }

    /// The clients that could vote: those with live sessions to both hubs. Where there is none, all that are there: one
    /// that reaches a single server still keeps a cut from making two hubs (rule 7).
    var candidates: [WitnessIdentity] {
        let onBothHubs = clients.filter { links[$0]?.hubs.values.count { $0 == .up } == 2 }
        return (onBothHubs.isEmpty ? Array(clients) : onBothHubs).compactMap { name in
            statuses[name]?.ballotBox.map { WitnessIdentity(name: name, ballotBox: $0) }
        }
    }

    /// When the keys of the machines that are there end.
    var keyExpiries: [MachineName: Timestamp] {
        statuses.filter { $0.value.state == .online }.compactMapValues { $0.keyExpires?.timestamp }
    }

    /// The highest epoch that any machine obeys.
    var highestEpoch: Epoch? { links.values.compactMap(\.epoch).max() }

    /// Whether a machine hears the election heartbeats of both servers.
    func hearsBothServers(_ machine: MachineName) -> Bool {
        links[machine]?.control?.values.count { $0 == .up } == 2
    }

    /// Whether a client has a live session with this hub.
    func isReached(_ hub: MachineName) -> Bool { clients.contains { isUp($0, with: hub) } }

    /// The clients that would not find this hub.
    func clientsWithout(_ hub: MachineName) -> [MachineName] { clients.filter { !isUp($0, with: hub) } }

    /// Whether every client would find this hub.
    func areAll(on hub: MachineName) -> Bool { clients.allSatisfy { isUp($0, with: hub) } }

    private func isUp(_ client: MachineName, with hub: MachineName) -> Bool {
        links[client]?.hubs[hub.description] == .up
    }
}
