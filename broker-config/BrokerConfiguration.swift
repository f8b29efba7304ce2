/// The configuration of one broker, rendered from the files beside this one.
public struct BrokerConfiguration: Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        case hub, control
    }

    /// Text of the broker's configuration file.
    public let text: String
    /// Text of the access file that it names.
    public let access: String

    /// - Parameters:
    ///   - listen: the address of the public listener.
    ///   - socket: path of the coordinator's private listener, at most 107 bytes.
    ///   - plugin: path of Mosquitto's dynamic security plugin.
    ///   - accessPath: where `access` will lie.
    public init(
        _ kind: Kind, user: String, listen: String, port: UInt16, socket: String, plugin: String, accessPath: String
    ) {
        let template: [UInt8]
        switch kind {
        case .hub: (template, access) = (PackageResources.hub_conf, Self.string(PackageResources.hub_access_json))
        case .control:
            (template, access) = (PackageResources.control_conf, Self.string(PackageResources.control_access_json))
        }
        let places = [
            "user": user, "listen": listen, "port": String(port), "socket": socket, "plugin": plugin,
            "access": accessPath,
        ]
        text = places.reduce(Self.string(template)) { $0.replacing("${\($1.key)}", with: $1.value) }
    }

    private static func string(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
