import FailoverCore

/// What kind of machine a key is for.
public enum KeyRole: String, Codable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// Both poses as a hub and joins one.
    case server
    /// Joins a hub only: who steals it cannot pose as one.
    case client

    public var description: String { rawValue }
}

/// A key to be issued.
public struct KeyRequest: Hashable, Sendable {
    /// What the holder may do: 1 sees and edits what is its own machine's, 2 sees everything, 3 also edits everything and
    /// orders the servers.
    public static let permissions = 1...3
    /// A key lasts for so many days.
    public static let days = 1...3650
    public static let mostAddresses = 64

    public var name: MachineName
    public var role: KeyRole
    /// A number in `permissions`.
    public var permission: Int
    /// A number in `days`.
    public var days: Int
    /// Under which others reach a server, besides its name and this machine's own addresses: IP addresses or DNS names.
    public var addresses: [String]

    public init(name: MachineName, role: KeyRole, permission: Int, days: Int = 365, addresses: [String] = []) {
        self.name = name
        self.role = role
        self.permission = permission
        self.days = days
        self.addresses = addresses
    }

    /// - Throws: `KeyError.unissuable`.
    public func check() throws(KeyError) {
        guard Self.permissions.contains(permission) else {
            throw .unissuable(cause: "a permission is 1, 2 or 3, and \(permission) is not")
        }
        try Self.checkDays(days)
        guard role == .server || addresses.isEmpty else {
            throw .unissuable(cause: "a client is not reached by others, and its key names no addresses")
        }
        guard addresses.count <= Self.mostAddresses else {
            throw .unissuable(cause: "it names \(addresses.count) addresses, and \(Self.mostAddresses) are the most")
        }
        for address in addresses where KeyAddress(address) == nil {
            throw .unissuable(
                cause:
                    "\(address) is no address that others could reach. Name an IP address or a DNS name, without a port"
            )
        }
    }

    static func checkDays(_ days: Int) throws(KeyError) {
        guard Self.days.contains(days) else {
            throw .unissuable(
                cause: "a key lasts from \(Self.days.lowerBound) to \(Self.days.upperBound) days, and not \(days)")
        }
    }
}
