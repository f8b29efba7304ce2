import Foundation
import Glibc

/// A small JSON file that is whole at every moment: the old content or the new one, also after a loss of power.
public struct DurableFile<Content: Codable & Sendable>: Sendable {
    public let path: String

    public init(path: String) { self.path = path }

    /// Returns `nil` where there is no file.
    ///
    /// - Throws: `LocalStateError` when the file cannot be read or does not hold what it should.
    public func read() throws(LocalStateError) -> Content? {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch CocoaError.fileReadNoSuchFile {
            return nil
        } catch {
            throw .unreadable(path: path, cause: "\(error.localizedDescription)")
        }
        do {
            return try JSONDecoder().decode(Content.self, from: data)
        } catch {
            throw .damaged(path: path)
        }
    }

    /// On disk when it returns: written beside the old one, synced, renamed, and the folder synced.
    public func write(_ content: Content) throws(LocalStateError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        let data: Data
        do {
            data = try encoder.encode(content)
        } catch {
            throw .unwritable(path: path, cause: error.localizedDescription)
        }
        // By system calls: a vote, and so a failover, waits for this, and `FileManager` makes many more of them. For this
        // user only: some of it is secret.
        let temporary = path + ".new"
        try withDescriptor(of: temporary, O_WRONLY | O_CREAT | O_TRUNC) { file in
            var rest = data[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return fsync(file) == 0
        }
        guard rename(temporary, path) == 0 else { throw .unwritable(path: path, cause: systemError()) }
        try withDescriptor(of: (path as NSString).deletingLastPathComponent, O_RDONLY) { fsync($0) == 0 }
    }

    private func withDescriptor(
        of path: String, _ flags: Int32, _ body: (Int32) -> Bool
    ) throws(LocalStateError) {
        let descriptor = open(path, flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .unwritable(path: path, cause: systemError()) }
        defer { close(descriptor) }
        guard body(descriptor) else { throw .unwritable(path: path, cause: systemError()) }
    }
}

func systemError() -> String { String(cString: strerror(errno)) }
