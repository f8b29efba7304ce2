import FailoverCore
import HubProtocol

/// All machines, by name.
public struct MachineList: Encodable, Equatable, Sendable {
    public struct Machine: Encodable, Equatable, Sendable {
        public let name: MachineName
        public let view: MachineView
        /// In milliseconds.
        public let heartbeatAgeMs: Int?
        /// It is there, and yet its heartbeat does not come as it should.
        public var isLate: Bool {
            [.online, .starting].contains(view.status?.state) && (heartbeatAgeMs ?? .max) >= 2000
        }

        private enum CodingKeys: CodingKey {
            case name, links, heartbeatAgeMs, lastSwitch
        }

        public func encode(to encoder: any Encoder) throws {
            try view.status?.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(name, forKey: .name)
            try container.encode(view.links, forKey: .links)
            try container.encode(heartbeatAgeMs, forKey: .heartbeatAgeMs)
            try container.encode(view.lastSwitch, forKey: .lastSwitch)
        }
    }

    public let machines: [Machine]

    /// Returns `nil` while there is nothing true to say.
    public init?(_ view: SiteView) {
        guard view.authority?.state != nil else { return nil }
        let now = MonotonicTime.now
        machines = view.machines.filter { $0.value.status != nil }.sorted { $0.key < $1.key }.map { name, view in
            Machine(name: name, view: view, heartbeatAgeMs: view.heardAt.map { Int((now - $0).inMilliseconds) })
        }
    }
}
