import AssetProtocol

/// What the file system says of a file: as long as it stays the same, so does the content.
public struct FileStamp: Hashable, Sendable {
    /// In bytes.
    public var size: Int
    public var inode: UInt64
    /// When the content was changed, in nanoseconds since 1970.
    public var modified: Int64
    /// When anything of the file was changed, also its name, in nanoseconds since 1970.
    public var changed: Int64

    public init(size: Int, inode: UInt64, modified: Int64, changed: Int64) {
        (self.size, self.inode, self.modified, self.changed) = (size, inode, modified, changed)
    }

    /// Whether the file was written so shortly before `now` (nanoseconds since 1970) that another write may leave the same
    /// stamp: the kernel's file times go on in steps of up to 10 ms.
    public func isYoung(at now: Int64) -> Bool { now - max(modified, changed) < 20_000_000 }
}

/// A file of the working folder as it is now.
public struct LocalFile: Hashable, Sendable {
    public var stamp: FileStamp
    /// `nil`: it was not read yet.
    public var digest: ContentDigest?

    public init(stamp: FileStamp, digest: ContentDigest?) { (self.stamp, self.digest) = (stamp, digest) }

    /// Returns `nil` where only reading the file could tell.
    func has(_ content: FileVersion.Content) -> Bool? {
        guard stamp.size == content.size else { return false }
        return digest.map { $0 == content.digest }
    }
}

/// The version that a file of the working folder comes from: what it was when it was pulled or pushed here last.
public struct KnownFile: Hashable, Sendable {
    public var version: FileEntry
    /// Of the file with that content; `nil` where it must be read to be told.
    public var stamp: FileStamp?

    public init(version: FileEntry, stamp: FileStamp?) { (self.version, self.stamp) = (version, stamp) }
}
