/// The configuration of one broker, rendered from the files beside this one.
public struct BrokerConfiguration: Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        case hub, control
    }

    /// Where the broker finds what it needs to know of keys.
    public struct Keys: Sendable {
        /// This server's, in one PEM file with the site's authority.
        public var key: String
        /// See `Sources/BrokerAccess/revocations.h`.
        public var revocations: String

        public init(key: String, revocations: String) { (self.key, self.revocations) = (key, revocations) }
    }

    /// Text of the broker's configuration file.
    public let text: String
    /// Text of the access file that it names.
    public let access: String

    /// - Parameters:
    ///   - listen: the address of the public listener.
    ///   - socket: path of the coordinator's private listener, at most 107 bytes.
    ///   - plugin: path of `BrokerAccess`.
    ///   - accessPath: where `access` will lie.
    ///   - memoryLimit: bytes that the broker may hold before it shuts out whoever floods it.
    ///   - keys: `nil`: there are none.
    public init(
        _ kind: Kind, user: String, listen: String, port: UInt16, socket: String, plugin: String, accessPath: String,
        memoryLimit: UInt64, keys: Keys?
    ) {
        let template: [UInt8]
        switch kind {
        case .hub: (template, access) = (PackageResources.hub_conf, Self.string(PackageResources.hub_access))
        case .control:
            (template, access) = (PackageResources.control_conf, Self.string(PackageResources.control_access))
        }
        let lines = Self.string(template) + (keys == nil ? "" : Self.string(PackageResources.keys_conf))
        let places = [
            "user": user, "listen": listen, "port": String(port), "socket": socket, "plugin": plugin,
            "access": accessPath, "memory_limit": String(memoryLimit), "key": keys?.key ?? "",
            "revocations": keys?.revocations ?? "",
        ]
        text = places.reduce(lines) { $0.replacing("${\($1.key)}", with: $1.value) }
    }

    private static func string(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
