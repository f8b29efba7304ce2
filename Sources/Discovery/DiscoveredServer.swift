import FailoverCore

/// A server that announces itself on the network, with the address to reach it at from here.
public struct DiscoveredServer: Hashable, Sendable, Encodable {
    public var name: MachineName
    public var role: Role
    public var address: String
    /// Of its hub.
    public var port: UInt16
    /// See `ServerAnnouncement.site`.
    public var site: MachineName?
    public var isPaired: Bool

    private enum CodingKeys: String, CodingKey {
        case name, role, address, port, site
        case isPaired = "paired"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(role, forKey: .role)
        try container.encode(address, forKey: .address)
        try container.encode(port, forKey: .port)
        // Written also where there is none.
        try container.encode(site, forKey: .site)
        try container.encode(isPaired, forKey: .isPaired)
    }
}
