import AssetProtocol
import ContentFile
import Dispatch
import FailoverCore
import SystemPackage

/// A content on its way into the store, from its first byte to the moment in which it is a version.
///
/// At most two megabytes of it are in memory. One task calls it, one call at a time. An upload that is neither committed nor
/// aborted ends with this object, or with the process, and leaves nothing.
public actor Upload {
    private let acceptor: Acceptor
    private let file: UploadFile
    private let writer: ContentWriter
    private var hasEnded = false
    /// How many bytes were appended.
    public private(set) var size = 0

    init(_ acceptor: Acceptor, path: String) {
        self.acceptor = acceptor
        let file = UploadFile(path: path)
        self.file = file
        writer = ContentWriter {
            try file.open()
        } check: {
            if try Disk.room(of: $0.rawValue) < 0 { throw Errno.noSpace }
        }
    }

    /// Takes over the next bytes; waits where the disk is slower than they come.
    ///
    /// - Throws: `AssetStoreError.full` or `.unwritable`, perhaps for bytes of an earlier call. Abort it then.
    public func append(_ bytes: some Collection<UInt8> & Sendable) async throws {
        precondition(!hasEnded)
        size += bytes.count
        do { try await writer.append(bytes) } catch { throw AssetStoreError.writing(acceptor.folder, error) }
    }

    /// Makes what was appended the newest version of a file. When this returns, it is on disk and readers see it; when it
    /// throws, nothing has changed and the upload has ended.
    ///
    /// - Parameters:
    ///   - digest: what the author says that the content's is, if so.
    ///   - checksum: the same, its CRC-32C.
    ///   - size: the same, in bytes.
    ///   - gate: may refuse at the last moment, by throwing. It is asked one commit at a time, directly before the version is
    ///     written into the journal and again when it is on disk, and must be quick.
    /// - Throws: `AssetStoreError`: `.wrongDigest`, `.wrongChecksum`, `.wrongSize`, `.conflict`, `.inTheWay`, `.full`, `.unwritable`, `.stopped`; or what
    ///   `gate` throws.
    @discardableResult
    public func commit(
        _ path: StoragePath, author: MachineName, digest: ContentDigest? = nil, checksum: UInt32? = nil,
        size: Int? = nil,
        precondition: Precondition = .none, gate: @escaping @Sendable () throws -> Void = {}
    ) async throws -> FileVersion {
        Swift.precondition(!hasEnded)
        hasEnded = true
        do {
            let content = try await finish()
            if let size, size != content.size {
                throw AssetStoreError.wrongSize(path, expected: size, found: content.size)
            }
            if let digest, digest != content.digest {
                throw AssetStoreError.wrongDigest(path, expected: digest, found: content.digest)
            }
            if let checksum, checksum != writer.checksum.value { throw AssetStoreError.wrongChecksum(path) }
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

    /// Keeps little memory until more comes.
    public func rest() async { await writer.rest() }

    /// Ends it without a trace.
    public func abort() async {
        hasEnded = true
        await writer.stop()
        try? await DispatchQueue.global().run { [file] in file.remove() }
    }

    private func finish() async throws -> FileVersion.Content {
        do { return try await writer.finish() } catch { throw AssetStoreError.writing(acceptor.folder, error) }
    }
}
