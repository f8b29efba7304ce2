import AssetProtocol
import HubProtocol

/// What must be so at the moment in which a version is accepted.
public enum Precondition: Hashable, Sendable {
    /// Whatever is there is replaced.
    case none
    /// The newest version is this one: nobody changed the file meanwhile.
    case newestIs(VersionTag)
    /// There is no such file, or it was deleted.
    case doesNotExist
}

/// Someone else was faster: the precondition of a change does not hold.
public struct Conflict: Hashable, Sendable, CustomStringConvertible {
    public let path: StoragePath
    public let precondition: Precondition
    /// The version that the author had, where the store still knows it.
    public let expected: FileVersion?
    /// The newest one; `nil` where the file never existed.
    public let found: FileVersion?

    public var description: String {
        let found = found.map { Self.text($0) } ?? "the store never had it"
        let expected =
            switch precondition {
            case .none: "anything"
            case .doesNotExist: "no such file"
            case .newestIs(let tag):
                self.expected.map { Self.text($0) } ?? "version \(tag.number), which is not known here"
            }
        return
            "\(path) is not what this change was made for. Expected: \(expected). Newest: \(found). Fetch the newest, make "
            + "the change there and try again, or push with --force to replace it."
    }

    private static func text(_ version: FileVersion) -> String {
        "version \(version.number), \(version.isDeletion ? "deleted" : "pushed") by \(version.author) at \(version.time.text)"
    }
}
