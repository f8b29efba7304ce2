import AssetProtocol
import HubProtocol

extension FileEntry {
    /// `nil` for a deletion.
    var content: FileVersion.Content? {
        guard !isDeleted, let sha256, let size, size >= 0 else { return nil }
        return FileVersion.Content(digest: sha256, size: size)
    }

    /// For people.
    public var text: String {
        "version \(version), \(isDeleted ? "deleted" : "pushed") by \(author) at \(time.timestamp.text)"
    }
}
