import FailoverCore

/// One accepted version of one file. Nothing about it changes ever.
public struct FileVersion: Hashable, Codable, Sendable {
    public struct Content: Hashable, Codable, Sendable {
        public let digest: ContentDigest
        /// In bytes.
        public let size: Int

        public init(digest: ContentDigest, size: Int) {
            self.digest = digest
            self.size = size
        }
    }

    /// Its place among all that the store ever accepted, from 1 on.
    public let sequence: Int
    public let path: StoragePath
    /// Its place among the versions of its file, from 1 on, without gaps and never given again, also after a deletion.
    public let number: Int
    /// `nil` where this version is the file's deletion.
    public let content: Content?
    public let author: MachineName
    /// When it was accepted, by this machine's clock.
    public let time: Timestamp

    public init(
        sequence: Int, path: StoragePath, number: Int, content: Content?, author: MachineName, time: Timestamp
    ) {
        (self.sequence, self.path, self.number) = (sequence, path, number)
        (self.content, self.author, self.time) = (content, author, time)
    }

    public var isDeletion: Bool { content == nil }
    public var tag: VersionTag { VersionTag(number: number, digest: content?.digest) }
}

/// What tells a version of a file from every other one of that file: the text of its `ETag`.
///
/// The digest alone would not do: a file that was changed and changed back is a later version. Nor would the number alone:
/// a store that was lost and begun anew counts from 1 again.
public struct VersionTag: Hashable, Sendable, CustomStringConvertible {
    public let number: Int
    /// `nil` for a deletion.
    public let digest: ContentDigest?

    public init(number: Int, digest: ContentDigest?) {
        self.number = number
        self.digest = digest
    }

    /// Returns `nil` when `text` is no tag. Without the quotes that HTTP puts around it.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Int(parts[0]), number > 0, String(number) == parts[0] else { return nil }
        self.number = number
        if parts[1] == Self.deleted {
            digest = nil
        } else {
            guard let digest = ContentDigest(String(parts[1])) else { return nil }
            self.digest = digest
        }
    }

    public var description: String { "\(number)-\(digest?.description ?? Self.deleted)" }

    private static let deleted = "deleted"
}
