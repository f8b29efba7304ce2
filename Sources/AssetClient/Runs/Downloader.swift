import AssetProtocol
import Crypto
import Glibc
import NIOCore
import Synchronization

/// One version on its way here.
struct Downloader {
    let run: FilesRun
    let version: FileEntry

    struct Pulled {
        /// What is here now.
        var known: KnownFile
        /// That it was renamed into.
        var folder: OpenDescriptor
        var isFromCache: Bool
    }

    private var path: StoragePath { version.path }

    /// - Parameter local: what is replaced; where it has become another file meanwhile, that one stays.
    /// - Throws: `AssetClientError` or `SystemError`.
    func pull(over local: LocalFile?) async throws -> Pulled {
        guard !path.isReserved else { throw AssetClientError.reservedName(path) }
        guard let content = version.content else { throw AssetClientError.senseless(what: "a version of \(path)") }
        let (run, path, name) = (run, path, content.digest.description)
        let (file, isHere) = try await onDiskThread {
            let file = try OpenDescriptor(name, O_RDWR | O_CREAT | O_NOFOLLOW, in: run.folder.partial.number)
            let isHere = try file.status().st_size == 0 && run.cache.take(content, into: file)
            return (file, isHere)
        }
        if isHere {
            run.progress.add(bytesFromCache: content.size)
        } else {
            try await fetch(content, into: file)
        }
        let (stamp, folder) = try await onDiskThread {
            try file.sync()
            try Self.check(path, is: local, in: run.folder.tree, keepingModeIn: file)
            return try run.folder.tree.place(name, from: run.folder.partial, at: path)
        }
        if !isHere { try await onDiskThread { run.cache.put(content, from: file, at: "\(run.folder.path)/\(path)") } }
        return Pulled(known: KnownFile(version: version, stamp: stamp), folder: folder, isFromCache: isHere)
    }

    private static func check(
        _ path: StoragePath, is local: LocalFile?, in tree: FileTree, keepingModeIn file: OpenDescriptor
    ) throws {
        guard let status = try tree.status(path) else {
            guard local == nil else { throw AssetClientError.changedMeanwhile(path) }
            return
        }
        guard status.kind == S_IFREG else { throw AssetClientError.inTheWay(path, other: path.description) }
        guard let local, FileStamp(status) == local.stamp else { throw AssetClientError.changedMeanwhile(path) }
        fchmod(file.number, status.st_mode & 0o777)
    }

    /// Goes on with what an earlier try left, and after every break.
    private func fetch(_ content: FileVersion.Content, into file: OpenDescriptor) async throws {
        var pauses = retryPauses[...]
        var mayBeginAnew = true
        while true {
            let writer = DownloadWriter(file, progress: run.progress)
            let kept = try await onDiskThread { try writer.resume(below: content.size) }
            do {
                let (start, body) = try await run.server.get(version, from: kept)
                if start == 0, kept > 0 { try await onDiskThread { try writer.beginAnew() } }
                try await write(body, with: writer, upTo: content.size)
                let digest = try await onDiskThread { writer.finish() }
                if writer.size == content.size, digest == content.digest { return }
                try await onDiskThread { try file.cut(to: 0) }
                guard mayBeginAnew else { throw AssetClientError.damaged(path, isHere: true) }
                mayBeginAnew = false
            } catch AssetClientError.broken(let cause) {
                if writer.size > kept { pauses = retryPauses[...] }
                guard let pause = pauses.popFirst() else { throw AssetClientError.broken(cause: cause) }
                try await Task.sleep(for: pause)
            }
        }
    }

    /// One thread writes and hashes while the next bytes come.
    private func write(
        _ body: some AsyncSequence<ByteBuffer, any Error>, with writer: DownloadWriter, upTo size: Int
    ) async throws {
        var parts: [ByteBuffer] = []
        var count = 0
        var writing: Task<Void, any Error>?
        do {
            for try await part in body {
                parts.append(part)
                count += part.readableBytes
                guard count >= OpenDescriptor.partSize else { continue }
                try await writing?.value
                guard writer.size <= size else { break }
                writing = Task { [parts] in try await onDiskThread { try writer.add(parts) } }
                (parts, count) = ([], 0)
            }
            try await writing?.value
            try await onDiskThread { [parts] in try writer.add(parts) }
        } catch let error as SystemError {
            throw error
        } catch {
            // What came is kept for the next try.
            try await writing?.value
            try await onDiskThread { [parts] in try writer.add(parts) }
            throw error is CancellationError ? error : AssetClientError.broken(cause: SiteConnection.sentence(error))
        }
    }
}

/// A file that a content is written into, as it comes. One call at a time.
private final class DownloadWriter: Sendable {
    private struct State {
        var hash = SHA256()
        var size = 0
        /// From which byte on the disk was not yet told to write.
        var waiting = 0
    }

    private let file: OpenDescriptor
    private let progress: TransferProgress
    private let state = Mutex(State())

    init(_ file: OpenDescriptor, progress: TransferProgress) {
        self.file = file
        self.progress = progress
    }

    var size: Int { state.withLock { $0.size } }

    /// Takes over what is in the file, if it is less than all of it.
    ///
    /// - Returns: how much that is, in bytes.
    func resume(below size: Int) throws -> Int {
        let found = Int(try file.status().st_size)
        let kept = found < size ? found : 0
        try file.cut(to: kept)
        return try state.withLock { state in
            try file.forEachPart(of: kept) { state.hash.update(bufferPointer: $0) }
            (state.size, state.waiting) = (kept, kept)
            return kept
        }
    }

    func beginAnew() throws {
        try file.cut(to: 0)
        state.withLock { $0 = State() }
    }

    func add(_ parts: [ByteBuffer]) throws {
        try state.withLock { state in
            for part in parts {
                try part.withUnsafeReadableBytes { bytes in
                    try file.write(bytes)
                    state.hash.update(bufferPointer: bytes)
                }
                state.size += part.readableBytes
                progress.add(bytes: part.readableBytes)
            }
            guard state.size - state.waiting >= Self.writeBehind else { return }
            file.startWriting(from: state.waiting, count: state.size - state.waiting)
            state.waiting = state.size
        }
    }

    func finish() -> ContentDigest { state.withLock { ContentDigest(bytes: $0.hash.finalize()) } }

    /// Else a gigabyte would wait in memory until the sync, and the disk would idle before it.
    private static let writeBehind = 8 << 20
}
