import Dispatch
import Synchronization
import SystemPackage

/// Where an upload lies: a file beside the contents, which ends with this object unless it was moved away.
final class UploadFile: Sendable {
    let path: String
    private let file = Mutex<FileDescriptor?>(nil)

    init(path: String) { self.path = path }

    deinit { remove() }

    func open() throws -> FileDescriptor {
        let file = try FileDescriptor.open(
            path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec], permissions: .ownerReadWrite)
        self.file.withLock { $0 = file }
        return file
    }

    /// May wait for the disk.
    func remove() {
        guard let file = file.withLock({ $0.take() }) else { return }
        try? file.close()
        // Where it is a version's content by now, there is no file of this name any more.
        try? Disk.remove(path)
    }
}

extension DispatchQueue {
    /// Runs what may wait for the disk, while the caller's thread does other work.
    func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            async { continuation.resume(with: Swift.Result { try body() }) }
        }
    }
}
