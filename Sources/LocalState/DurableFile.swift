import Foundation

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
        let temporary = path + ".new"
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
            let data = try encoder.encode(content)
            // For this user only: some of it is secret.
            guard
                FileManager.default.createFile(
                    atPath: temporary, contents: data, attributes: [.posixPermissions: 0o600])
            else { throw CocoaError(.fileWriteUnknown) }
        } catch {
            throw .unwritable(path: path, cause: error.localizedDescription)
        }
        try sync(temporary)
        guard rename(temporary, path) == 0 else { throw .unwritable(path: path, cause: systemError()) }
        try sync((path as NSString).deletingLastPathComponent)
    }

    private func sync(_ path: String) throws(LocalStateError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unwritable(path: path, cause: systemError()) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .unwritable(path: path, cause: systemError()) }
    }
}

func systemError() -> String { String(cString: strerror(errno)) }
