import Foundation
import Glibc
import Synchronization

/// A small JSON file that is whole at every moment: the old content or the new one, also after a loss of power.
///
/// Its size and its name stay, so that a write to it is one write to the disk, and none to the file system's journal: a vote,
/// and so a failover, waits for that. It cannot tell a write that was cut off from one that was finished, and that the disk
/// has damaged since; whoever must not go back to what was there before asks for the first. One object writes a file at a time.
public final class DurableFile<Content: Codable & Sendable>: Sendable {
    public let path: String
    /// As it is on the disk; `nil`: not known.
    private let pair = Mutex<CopyPair?>(nil)

    public init(path: String) { self.path = path }

    /// Returns `nil` where there is no file.
    ///
    /// - Parameter refusingTorn: a file counts as damaged when one of its two copies is.
    /// - Throws: `LocalStateError` when the file cannot be read or does not hold what it should.
    public func read(refusingTorn: Bool = false) throws(LocalStateError) -> Content? {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch CocoaError.fileReadNoSuchFile {
            return nil
        } catch {
            throw .unreadable(path: path, cause: "\(error.localizedDescription)")
        }
        let found = CopyPair(file: data)
        pair.withLock { $0 = found }
        guard !refusingTorn || found?.isOtherTorn != true else { throw .damaged(path: path) }
        do {
            // Plain JSON is what earlier versions wrote.
            return try JSONDecoder().decode(Content.self, from: found?.newest.content ?? data)
        } catch {
            throw .damaged(path: path)
        }
    }

    /// On disk when it returns.
    public func write(_ content: Content) throws(LocalStateError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let data: Data
        do {
            data = try encoder.encode(content)
        } catch {
            throw .unwritable(path: path, cause: error.localizedDescription)
        }
        try pair.withLock { (pair) throws(LocalStateError) in
            if let next = pair?.replacing(with: data), try overwrite(next.bytes, at: next.offset) {
                pair = next.pair
            } else {
                pair = nil
                let first = CopyPair(first: data)
                try create(first.file)
                pair = first
            }
        }
    }

    /// Returns whether it could be opened: it may have been set aside.
    private func overwrite(_ bytes: Data, at offset: Int) throws(LocalStateError) -> Bool {
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        guard Self.write(bytes, to: file, at: offset), fdatasync(file) == 0 else {
            throw .unwritable(path: path, cause: systemError())
        }
        return true
    }

    /// Written beside the old one, synced, renamed, and the folder synced. For this user only: some of it is secret.
    private func create(_ bytes: Data) throws(LocalStateError) {
        let temporary = path + ".new"
        try withDescriptor(of: temporary, O_WRONLY | O_CREAT | O_TRUNC) {
            Self.write(bytes, to: $0, at: 0) && fsync($0) == 0
        }
        guard rename(temporary, path) == 0 else { throw .unwritable(path: path, cause: systemError()) }
        try withDescriptor(of: (path as NSString).deletingLastPathComponent, O_RDONLY) { fsync($0) == 0 }
    }

    private static func write(_ bytes: Data, to file: Int32, at offset: Int) -> Bool {
        var (rest, offset) = (bytes[...], offset)
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, off_t(offset)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
            offset += count
        }
        return true
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
