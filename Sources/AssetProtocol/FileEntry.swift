import FailoverCore
import HubProtocol

/// A version of a file, as HTTP tells it.
public struct FileEntry: Codable, Hashable, Sendable {
    public var path: StoragePath
    /// See `FileVersion.number`.
    public var version: Int
    /// Its `ETag`, without the quotes.
    public var tag: String
    /// `nil` where this version is the file's deletion.
    public var sha256: ContentDigest?
    /// In bytes.
    public var size: Int?
    public var isDeleted: Bool
    public var author: MachineName
    public var time: UTCTime
    /// See `FileVersion.sequence`.
    public var sequence: Int

    public init(_ version: FileVersion) {
        path = version.path
        self.version = version.number
        tag = version.tag.description
        sha256 = version.content?.digest
        size = version.content?.size
        isDeleted = version.isDeletion
        author = version.author
        time = UTCTime(version.time)
        sequence = version.sequence
    }
}

/// One page of the files that there are, by path.
public struct FileListing: Codable, Hashable, Sendable {
    /// The highest sequence number when the page was made. Who read all pages asks the next time for what came since the
    /// first one's.
    public var sequence: Int
    /// Nothing lies behind.
    public var isWhole: Bool
    public var files: [FileEntry]

    public init(sequence: Int, isWhole: Bool, files: [FileEntry]) {
        (self.sequence, self.isWhole, self.files) = (sequence, isWhole, files)
    }
}

/// The kept versions of one file, the newest first.
public struct FileVersions: Codable, Hashable, Sendable {
    public var versions: [FileEntry]

    public init(versions: [FileEntry]) { self.versions = versions }
}
