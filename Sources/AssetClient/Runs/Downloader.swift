import AssetProtocol
import ContentFile
import Glibc
import NIOCore
import SystemPackage

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
            // What was fetched is on disk already.
            if isHere { try file.sync() }
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
            let writer = ContentWriter { FileDescriptor(rawValue: file.number) }
            var kept = 0
            do {
                kept = try await writer.resume(below: content.size)
                let (start, body) = try await run.server.get(version, from: kept)
                // Not what it was asked for: then from the beginning on, as it comes.
                if start == kept, try await write(body, with: writer, upTo: content.size) == content { return }
                try await onDiskThread { try file.cut(to: 0) }
                guard mayBeginAnew else { throw AssetClientError.damaged(path) }
                mayBeginAnew = false
            } catch let error as Errno {
                throw SystemError(code: error.rawValue)
            } catch AssetClientError.broken(let cause) {
                if writer.size > kept { pauses = retryPauses[...] }
                guard let pause = pauses.popFirst() else { throw AssetClientError.broken(cause: cause) }
                try await Task.sleep(for: pause)
            }
        }
    }

    /// What was written is kept for the next try, whatever happens.
    private func write(
        _ body: some AsyncSequence<ByteBuffer, any Error>, with writer: ContentWriter, upTo size: Int
    ) async throws -> FileVersion.Content {
        do {
            var missing = size - writer.size
            for try await part in body {
                missing -= part.readableBytes
                guard missing >= 0 else { break }
                try await writer.append(part.readableBytesView)
                run.progress.add(bytes: part.readableBytes)
            }
            return try await writer.finish()
        } catch let error as Errno {
            throw error
        } catch {
            await writer.keep()
            throw error is CancellationError ? error : AssetClientError.broken(cause: SiteConnection.sentence(error))
        }
    }
}
