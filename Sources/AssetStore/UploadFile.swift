import AssetProtocol
import Crypto
import Dispatch
import Synchronization
import SystemPackage

/// What of an upload is on disk: a file beside the contents, which ends with this object unless it was moved away.
final class UploadFile: Sendable {
    private struct State: ~Copyable {
        var file: FileDescriptor?
        var size = 0
        var hash = SHA256()
        /// From which byte on the disk was not yet told to write.
        var waiting = 0
    }

    let path: String
    /// Of the store, for what is said to people.
    private let folder: String
    /// One thread at a time waits for the disk, and none of Swift's own.
    private let queue = DispatchQueue(label: "upload")
    private let state = Mutex(State())

    init(path: String, in folder: String) { (self.path, self.folder) = (path, folder) }

    deinit { state.withLock { Self.remove(path, $0.file) } }

    /// Adds bytes.
    func write(_ bytes: [UInt8]) async throws {
        try await queue.run { try self.state.withLock { try self.add(bytes, to: &$0) } }
    }

    /// Adds the last bytes and waits until all are on disk.
    func finish(_ bytes: [UInt8]) async throws -> FileVersion.Content {
        try await queue.run {
            try self.state.withLock { state in
                try self.add(bytes, to: &state)
                do { try Disk.sync(state.file!) } catch { throw AssetStoreError.writing(self.folder, error) }
                return FileVersion.Content(digest: ContentDigest(bytes: state.hash.finalize()), size: state.size)
            }
        }
    }

    func remove() async {
        try? await queue.run {
            self.state.withLock { state in
                Self.remove(self.path, state.file)
                state.file = nil
            }
        }
    }

    private static func remove(_ path: String, _ file: FileDescriptor?) {
        guard let file else { return }
        try? file.close()
        // Where it is a version's content by now, there is no file of this name any more.
        try? Disk.remove(path)
    }

    private func add(_ bytes: [UInt8], to state: inout State) throws {
        do {
            let file = try state.file ?? open()
            state.file = file
            guard !bytes.isEmpty else { return }
            if state.size == state.waiting, try Disk.room(of: file.rawValue) < bytes.count { throw Errno.noSpace }
            if bytes.count < Self.worthTwoThreads {
                state.hash.update(data: bytes)
                try file.writeAll(bytes)
            } else {
                state.hash = try Self.hash(state.hash, with: bytes) { _ = try file.writeAll(bytes) }
            }
            state.size += bytes.count
            if state.size - state.waiting >= Self.writeBehind {
                Disk.startWriting(file, from: state.waiting, count: state.size - state.waiting)
                state.waiting = state.size
            }
        } catch {
            throw AssetStoreError.writing(folder, error)
        }
    }

    /// Hashing takes about as long as writing, and a large file is pushed in half the time when they go on together.
    private static func hash(
        _ hash: SHA256, with bytes: [UInt8], while write: @Sendable () throws -> Void
    ) throws -> SHA256 {
        let result = Mutex(hash)
        let failure = Mutex<(any Error)?>(nil)
        DispatchQueue.concurrentPerform(iterations: 2) { part in
            if part == 0 {
                result.withLock { $0.update(data: bytes) }
            } else {
                do { try write() } catch { failure.withLock { $0 = error } }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        return result.withLock { $0 }
    }

    private func open() throws -> FileDescriptor {
        try FileDescriptor.open(
            path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec], permissions: .ownerReadWrite)
    }

    private static let worthTwoThreads = 1 << 16
    /// Else a gigabyte would wait in memory until the sync, and the disk would idle before it.
    private static let writeBehind = 8 << 20
}

extension DispatchQueue {
    /// Runs what may wait for the disk, while the caller's thread does other work.
    func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            async { continuation.resume(with: Swift.Result { try body() }) }
        }
    }
}
