import FailoverCore
import HubProtocol

/// All that is to be seen of a site, as one machine sees it: the keys of `SiteStatus`, and the machines, the servers, the
/// history and that machine's name beside them.
public struct SiteDocument: Encodable, Equatable, Sendable {
    /// One of the pair, and whether its hub answers the machine that sees it.
    public struct Server: Encodable, Equatable, Sendable {
        public let name: MachineName
        public let role: Role
        public let address: String
        public let port: UInt16
        public let reached: Bool
    }

    public let status: SiteStatus
    /// Main before the Backup; those that the pair names.
    public let servers: [Server]
    public let list: MachineList
    public let history: HubHistory?
    public let machine: MachineName

    /// Returns `nil` while there is nothing true to say.
    ///
    /// - Parameter machine: who sees it.
    public init?(_ view: SiteView, of machine: MachineName) {
        guard let status = SiteStatus(view), let list = MachineList(view) else { return nil }
        self.status = status
        self.list = list
        self.machine = machine
        history = view.authority?.history
        let pair = status.pair
        servers = [(Role.main, pair?.main), (.backup, pair?.backup)].compactMap { role, server in
            server.map {
                Server(
                    name: $0.name, role: role, address: $0.address, port: $0.port,
                    reached: view.endpoint(of: $0.name) != nil)
            }
        }
    }

    private enum CodingKeys: CodingKey {
        case explanation, history, machine, servers
    }

    public func encode(to encoder: any Encoder) throws {
        try status.encode(to: encoder)
        try list.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(status.state.explanation, forKey: .explanation)
        try container.encode(history, forKey: .history)
        try container.encode(servers, forKey: .servers)
        try container.encode(machine, forKey: .machine)
    }
}
