import FailoverCore

/// What a server says of itself by DNS-SD (RFC 6763), as an instance of the service `_understudy._tcp`.
///
/// Anybody on the network can say the same: it tells where to look for a server, and proves nothing.
public struct ServerAnnouncement: Hashable, Sendable {
    public static let service = "_understudy._tcp"

    public var name: MachineName
    public var role: Role
    /// The Main server's name, by which people know the site; `nil`: a Backup that has not met its Main yet.
    public var site: MachineName?
    public var isPaired: Bool
    /// The one address that it is to be reached at; `nil`: any of its machine's.
    public var address: String?
    /// Of its hub.
    public var port: UInt16

    public init(
        name: MachineName, role: Role, site: MachineName?, isPaired: Bool, address: String?, port: UInt16
    ) {
        self.name = name
        self.role = role
        self.site = site
        self.isPaired = isPaired
        self.address = address
        self.port = port
    }

    /// The instance's name, for people who browse with other tools; at most 63 bytes, as one label of a domain.
    ///
    /// It differs with all that may change while a server runs. So the new announcement stands before the old one goes, and
    /// those that look on see the change: who resolved an instance once does not ask again while its name stays.
    var label: String {
        let shortName = name.description.prefix(20)
        let part = role == .main ? "Main" : site.map { "Backup of \($0.description.prefix(18))" } ?? "Backup"
        return "\(shortName) (\(part), \(isPaired ? "paired" : "not paired"))"
    }

    // MARK: - Text record

    private enum Key {
        static let name = "name"
        static let role = "role"
        static let site = "site"
        static let paired = "paired"
        static let address = "address"
    }

    /// The strings of the instance's TXT record.
    var texts: [String] {
        ["\(Key.name)=\(name)", "\(Key.role)=\(role.rawValue)", "\(Key.paired)=\(isPaired)"]
            + (site.map { ["\(Key.site)=\($0)"] } ?? []) + (address.map { ["\(Key.address)=\($0)"] } ?? [])
    }

    /// `nil` unless everything in it is as a server of ours writes it.
    init?(texts: [String], port: UInt16) {
        var values: [String: String] = [:]
        for text in texts {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            // The first one counts (RFC 6763, 6.4).
            guard parts.count == 2, values[String(parts[0])] == nil else { continue }
            values[String(parts[0])] = String(parts[1])
        }
        guard let name = values[Key.name].flatMap({ MachineName($0) }),
            let role = values[Key.role].flatMap({ Role(rawValue: $0) }), role != .client,
            let isPaired = values[Key.paired].flatMap({ Bool($0) }), port > 0
        else { return nil }
        let site = values[Key.site].map { MachineName($0) }
        guard site == nil || site != .some(nil), values[Key.address].map(Self.isAddress) ?? true else { return nil }
        self.init(
            name: name, role: role, site: site ?? nil, isPaired: isPaired, address: values[Key.address], port: port)
    }

    /// A host name or an IP address, as far as its characters tell.
    static func isAddress(_ text: String) -> Bool {
        (1...253).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
