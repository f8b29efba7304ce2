import AssetProtocol
import CLinux
import Glibc
import SystemPackage

/// A content that is being read. It stays readable while this object lives, also when its version is dropped meanwhile.
public final class OpenFile: Sendable {
    public let version: FileVersion
    /// In bytes.
    public let size: Int
    private let file: FileDescriptor
    private let direct: DirectFile?
    private let readers: ContentReaders

    init(_ version: FileVersion, _ file: FileDescriptor, _ direct: DirectFile?, _ readers: ContentReaders) {
        self.version = version
        size = version.content!.size
        (self.file, self.direct) = (file, direct)
        self.readers = readers
        readers.began(version.content!.digest)
    }

    deinit {
        readers.ended(version.content!.digest)
        try? file.close()
    }

    /// Memory and offsets that are multiples of it may be read past the page cache, in bytes.
    public static let alignment = DirectFile.alignment

    /// Reads at any place, for any number of readers. May wait for the disk.
    ///
    /// What is in memory comes from there. A large content that nobody else reads now is not taken into it: it would displace
    /// what a live show has there, and come slower. Where others read it as well, the first one fetches it for all.
    ///
    /// - Returns: how many bytes; 0 behind the end.
    /// - Throws: `Errno`.
    public func read(at offset: Int, into memory: UnsafeMutableRawBufferPointer) throws -> Int {
        if let direct, readers.count(of: version.content!.digest) == 1,
            let count = try direct.read(at: offset, into: memory)
        {
            return count
        }
        return try file.read(fromAbsoluteOffset: Int64(offset), into: memory)
    }
}
