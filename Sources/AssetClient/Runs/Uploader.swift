import AssetProtocol
import ContentFile
import Crypto
import Glibc
import NIOCore

/// One file on its way to the server.
struct Uploader {
    let run: FilesRun
    let path: StoragePath

    /// - Returns: what the server accepted.
    /// - Throws: `AssetClientError`; `.stale` where another content is the newest there.
    func push(_ condition: UploadCondition) async throws -> KnownFile {
        let (file, stamp) = try await onDiskThread { [run, path] in
            do {
                let file = try run.folder.tree.open(path)
                let status = try file.status()
                guard status.kind == S_IFREG else { throw SystemError(code: EINVAL) }
                return (file, FileStamp(status))
            } catch let error as SystemError {
                throw AssetClientError.unreadable(path, cause: "\(error)")
            }
        }
        // A file that is being written just now may change again without another stamp.
        let known = stamp.settled
        let version: FileEntry
        do {
            version = try await send(file, stamp, condition)
        } catch AssetClientError.stale(let newest) {
            // Only the answer to an earlier try may have been lost, or someone pushed the very same.
            guard let newest, newest.size == stamp.size,
                newest.sha256 == (try await onDiskThread { try? file.digest(of: stamp.size) })
            else { throw AssetClientError.stale(newest: newest) }
            return KnownFile(version: newest, stamp: known)
        }
        return KnownFile(version: version, stamp: known)
    }

    /// The server refuses what is not what was sent.
    private func send(
        _ file: OpenDescriptor, _ stamp: FileStamp, _ condition: UploadCondition
    ) async throws -> FileEntry {
        guard stamp.size < Self.worthResuming else { return try await sendResumably(file, stamp, condition) }
        guard stamp.size <= OpenDescriptor.partSize else { return try await sendInParts(file, stamp, condition) }
        var content = ByteBuffer()
        for try await part in body(file, stamp, from: 0) { content = part }
        let digest = try await onDiskThread { [content] in
            var hash = SHA256()
            content.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
            return ContentDigest(bytes: hash.finalize())
        }
        return try await retrying { [content] in
            try await run.server.put(path, content, digest: digest, condition: condition)
        }
    }

    private func sendInParts(
        _ file: OpenDescriptor, _ stamp: FileStamp, _ condition: UploadCondition
    ) async throws -> FileEntry {
        // It is small enough to be read once more.
        let read = FileBody(path: path, file: file, stamp: stamp, start: 0) { _ in }
        for try await _ in read {}
        guard let checksum = read.result.value else { throw AssetClientError.changedMeanwhile(path) }
        return try await retrying {
            try await run.server.put(body(file, stamp, from: 0), checksum: checksum, condition: condition)
        }
    }

    /// Goes on where it was cut off: by the network, or an earlier run's end.
    private func sendResumably(
        _ file: OpenDescriptor, _ stamp: FileStamp, _ condition: UploadCondition
    ) async throws -> FileEntry {
        let (server, state) = (run.server, run.folder.state)
        var location: String?
        var offset = 0
        if let begun = try? state.upload(of: path), begun.stamp == stamp, begun.condition == condition.text {
            offset = try await retrying { try await server.offset(of: begun.location) } ?? 0
            location = offset > 0 ? begun.location : nil
        }
        var pauses = retryPauses[...]
        while true {
            do {
                if location == nil {
                    offset = 0
                    let begun = try await server.beginUpload(path, size: stamp.size, condition: condition)
                    location = begun
                    try? state.setUpload(
                        of: path, .init(location: begun, stamp: stamp, condition: condition.text))
                }
                let checksum = try await sendRest(of: file, stamp, from: offset, to: location!)
                let version = try await server.finishUpload(location!, size: stamp.size, checksum: checksum)
                try? state.setUpload(of: path, nil)
                return version
            } catch let error as AssetClientError {
                switch error {
                case .broken, .notThere, .wrongOffset: break
                case .locked:
                    // It waits there for better times.
                    throw error
                default:
                    if let location { await server.giveUpUpload(location) }
                    try? state.setUpload(of: path, nil)
                    throw error
                }
                guard let pause = pauses.popFirst() else { throw error }
                try await Task.sleep(for: pause)
                guard let begun = location else { continue }
                let arrived = try await retrying { try await server.offset(of: begun) }
                if let arrived, arrived > offset { pauses = retryPauses[...] }
                if arrived == nil { location = nil }
                offset = arrived ?? 0
            }
        }
    }

    /// - Returns: the checksum of the whole content.
    private func sendRest(
        of file: OpenDescriptor, _ stamp: FileStamp, from offset: Int, to location: String
    ) async throws -> ContentChecksum {
        let body = body(file, stamp, from: offset)
        if offset < stamp.size {
            try await run.server.continueUpload(location, body)
        } else {
            // All of it is there; it is read for its checksum only.
            for try await _ in body {}
        }
        guard let checksum = body.result.value else { throw AssetClientError.changedMeanwhile(path) }
        return checksum
    }

    private func body(_ file: OpenDescriptor, _ stamp: FileStamp, from start: Int) -> FileBody {
        FileBody(path: path, file: file, stamp: stamp, start: start) { [progress = run.progress] in
            progress.add(bytes: $0)
        }
    }

    /// In bytes. What is smaller is sent again as quickly as asked for.
    static let worthResuming = 16 << 20
}

extension UploadCondition {
    fileprivate var text: String { headers.map { "\($0.0): \($0.1)" }.joined() }
}
