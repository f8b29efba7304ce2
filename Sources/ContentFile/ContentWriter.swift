import AssetProtocol
import Crypto
import Synchronization
import SystemPackage

/// Writes a content into a file as it comes, and hashes it meanwhile. At most two megabytes of it are in memory. One call at a time;
/// threads of its own wait for the disk.
///
/// A large content goes past the page cache where the file system can do that: it is the faster way, and always about as fast;
/// it leaves little for the sync at the end; and it neither displaces what a live show has in memory, nor holds up its disk with a
/// gigabyte that is written back at once.
public final class ContentWriter: Sendable {
    private final class Hash: Sendable {
        let value = Mutex((digest: SHA256(), checksum: ContentChecksum()))

        func add(_ bytes: UnsafeRawBufferPointer) {
            value.withLock {
                $0.digest.update(bufferPointer: bytes)
                $0.checksum.add(bytes)
            }
        }
    }

    private let file: BlockFile
    private let hash = Hash()
    private let blocks: BlockStream

    /// - Parameters:
    ///   - open: called once, by the thread that writes. The file is empty, or holds the beginning of this content, and stays
    ///     open for as long as this object is used.
    ///   - check: called every few megabytes, before more is written.
    public init(
        _ open: @escaping @Sendable () throws -> FileDescriptor,
        check: @escaping @Sendable (FileDescriptor) throws -> Void = { _ in }
    ) {
        let file = BlockFile(open, check: check)
        self.file = file
        blocks = BlockStream([{ [hash] in hash.add($0.bytes) }, { try file.write($0) }])
    }

    /// Of what was written.
    public var checksum: ContentChecksum { hash.value.withLock { $0.checksum } }

    /// How many bytes are in the file.
    public var size: Int { file.size }

    /// Takes over what an earlier writer left in the file, as far as this one can go on from there; before all else.
    ///
    /// - Parameter size: of the whole content. A file that has as much is begun anew.
    /// - Returns: how many bytes.
    /// - Throws: `Errno`, or what `open` throws.
    public func resume(below size: Int) async throws -> Int {
        try await blocks.afterAll { [file, hash] in
            try file.resume(below: size) { hash.add($0) }
            return file.size
        }
    }

    /// Takes over the next bytes; waits where the disk is slower than they come.
    ///
    /// - Throws: `Errno`, or what `open` and `check` throw, perhaps for bytes of an earlier call. Nothing more is written then.
    public func append(_ bytes: some Collection<UInt8>) async throws { try await blocks.append(bytes) }

    /// Waits until all is on disk.
    ///
    /// - Throws: as `append` does.
    public func finish() async throws -> FileVersion.Content {
        try await blocks.finish { [file, hash] in
            try file.sync()
            return FileVersion.Content(
                digest: ContentDigest(bytes: hash.value.withLock { $0.digest.finalize() }), size: file.size)
        }
    }

    /// Waits until all that came is written, as far as it can be. Nothing may follow.
    public func keep() async { try? await blocks.finish {} }

    /// Waits until nothing is written any more. What is less than a block is not.
    public func stop() async { try? await blocks.afterAll {} }

    /// Keeps no memory but for what was not written yet, until more comes.
    public func rest() async { await blocks.rest() }
}
