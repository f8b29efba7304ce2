import AssetProtocol
import HubProtocol

/// A version whose content is not what was accepted.
public struct Damage: Hashable, Sendable, CustomStringConvertible {
    public let version: FileVersion
    /// There is no content at all; otherwise it is another one.
    public let isMissing: Bool

    public var description: String {
        "\(version.path), version \(version.number) by \(version.author) at \(version.time.text), "
            + (isMissing ? "is missing on disk" : "is damaged on disk") + ". Push that content again."
    }
}
