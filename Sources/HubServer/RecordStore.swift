import Dispatch
import FailoverCore
import HubProtocol
import LocalState

/// A server's durable record and history.
struct RecordStore: Sendable {
    struct Content: Codable, Sendable {
        /// Of this file's format. A newer one than this program knows is refused.
        var format: Int
        var record: Record
        var history: HubHistory
    }

    static let format = 1

    private let file: DurableFile<Content>
    /// Writing waits for the disk, and the session loop must not.
    private let queue = DispatchQueue(label: "record store")

    init(in folder: DataFolder) { file = DurableFile(path: folder.file("record.json")) }

    /// - Throws: when the file is damaged, from a newer version, or another server's.
    func read(for options: ServerOptions) throws -> Content? {
        struct Format: Codable { var format: Int }
        if let found = try DurableFile<Format>(path: file.path).read(), found.format > Self.format {
            throw ServerError.newerRecord(path: file.path)
        }
        guard let content = try file.read() else { return nil }
        let (own, other) =
            options.role == .main
            ? (content.record.main, content.record.backup) : (content.record.backup, content.record.main)
        if let own, own.name != options.name {
            throw ServerError.foreignRecord(path: file.path, owner: "the \(options.role.rawValue) server \(own.name)")
        }
        if other?.name == options.name {
            throw ServerError.foreignRecord(path: file.path, owner: "\(options.name) in its other role")
        }
        return content
    }

    /// Calls `done` on the store's own queue when the content is on disk. Writes keep their order.
    func write(_ record: Record, _ history: HubHistory, done: @escaping @Sendable (LocalStateError?) -> Void) {
        queue.async {
            do {
                try file.write(Content(format: Self.format, record: record, history: history))
                done(nil)
            } catch {
                done(error as? LocalStateError ?? .unwritable(path: file.path, cause: "\(error)"))
            }
        }
    }
}
