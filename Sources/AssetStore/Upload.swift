import AssetProtocol
import FailoverCore

/// A content on its way into the store, from its first byte to the moment in which it is a version.
///
/// At most half a megabyte of it is in memory. One task calls it, one call at a time. An upload that is neither committed nor
/// aborted ends with this object, or with the process, and leaves nothing.
public actor Upload {
    private let acceptor: Acceptor
    private let file: UploadFile
    private var buffer: [UInt8] = []
    private var writing: Task<Void, any Error>?
    private var hasEnded = false
    /// How many bytes were appended.
    public private(set) var size = 0

    init(_ acceptor: Acceptor, path: String) {
        self.acceptor = acceptor
        file = UploadFile(path: path, in: acceptor.folder)
    }

    /// Takes over the next bytes; waits where the disk is slower than they come.
    ///
    /// - Throws: `AssetStoreError.full` or `.unwritable`, perhaps for bytes of an earlier call. Abort it then.
    public func append(_ bytes: some Sequence<UInt8> & Sendable) async throws {
        precondition(!hasEnded)
        let before = buffer.count
        buffer.append(contentsOf: bytes)
        size += buffer.count - before
        guard buffer.count >= Self.bufferSize else { return }
        try await writing?.value
        let part = buffer
        buffer = []
        buffer.reserveCapacity(Self.bufferSize)
        writing = Task { [file] in try await file.write(part) }
    }

    /// Makes what was appended the newest version of a file. When this returns, it is on disk and readers see it; when it
    /// throws, nothing has changed and the upload has ended.
    ///
    /// - Parameters:
    ///   - digest: what the author says that the content's is, if so.
    ///   - size: the same, in bytes.
    ///   - gate: may refuse at the last moment, by throwing. It is asked one commit at a time, directly before the version is
    ///     written into the journal and again when it is on disk, and must be quick.
    /// - Throws: `AssetStoreError`: `.wrongDigest`, `.wrongSize`, `.conflict`, `.inTheWay`, `.full`, `.unwritable`, `.stopped`; or what
    ///   `gate` throws.
    @discardableResult
    public func commit(
        _ path: StoragePath, author: MachineName, digest: ContentDigest? = nil, size: Int? = nil,
        precondition: Precondition = .none, gate: @escaping @Sendable () throws -> Void = {}
    ) async throws -> FileVersion {
        Swift.precondition(!hasEnded)
        hasEnded = true
        do {
            try await writing?.value
            let content = try await file.finish(buffer)
            if let size, size != content.size {
                throw AssetStoreError.wrongSize(path, expected: size, found: content.size)
            }
            if let digest, digest != content.digest {
                throw AssetStoreError.wrongDigest(path, expected: digest, found: content.digest)
            }
            let version = try await acceptor.accept(
                Change(
                    path: path, author: author, content: content, file: file.path, precondition: precondition,
                    gate: gate))
            await abort()
            return version
        } catch {
            await abort()
            throw error
        }
    }

    /// Ends it without a trace.
    public func abort() async {
        hasEnded = true
        _ = await writing?.result
        buffer = []
        await file.remove()
    }

    private static let bufferSize = 1 << 18
}
