import AssetProtocol
import FailoverCore
import HubProtocol

/// One version of a file, as the server tells of it.
public struct RemoteFile: Hashable, Codable, Sendable {
    public let path: StoragePath
    /// Its place among the versions of its file, from 1 on.
    public let version: Int
    /// What tells it from every other version of the file. Only the server knows what it means.
    public let tag: String
    /// `nil` where this version is the file's deletion.
    public let sha256: ContentDigest?
    /// In bytes; `nil` for a deletion.
    public let size: Int?
    public let isDeleted: Bool
    public let author: MachineName
    public let time: UTCTime
    /// Its place among all that the server ever accepted.
    public let sequence: Int

    public init(
        path: StoragePath, version: Int, tag: String, content: Content?, author: MachineName, time: UTCTime,
        sequence: Int
    ) {
        self.path = path
        self.version = version
        self.tag = tag
        sha256 = content?.digest
        size = content?.size
        isDeleted = content == nil
        self.author = author
        self.time = time
        self.sequence = sequence
    }

    public struct Content: Hashable, Sendable {
        public let digest: ContentDigest
        /// In bytes.
        public let size: Int

        public init(digest: ContentDigest, size: Int) { (self.digest, self.size) = (digest, size) }
    }

    /// `nil` for a deletion.
    public var content: Content? {
        guard !isDeleted, let sha256, let size, size >= 0 else { return nil }
        return Content(digest: sha256, size: size)
    }

    /// For people.
    public var text: String {
        "version \(version), \(isDeleted ? "deleted" : "pushed") by \(author) at \(time.timestamp.text)"
    }
}
