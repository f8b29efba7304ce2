import Dispatch
import FailoverCore
import HubProtocol
import LocalState
import Synchronization

/// A server's durable record and history.
final class RecordStore: Sendable {
    struct Content: Codable, Sendable {
        /// Of this file's format. A newer one than this program knows is refused.
        var format: Int
        /// Whose it is: a record can name another server in the place of its owner. `nil`: as an early version wrote it.
        var owner: MachineName?
        var record: Record
        var history: HubHistory
    }

    static let format = 1

    private static let name = "record.json"
    private let owner: MachineName
    private let file: DurableFile<Content>
    private let last = Mutex<Content?>(nil)
    /// Writing waits for the disk, and the session loop must not.
    private let queue = DispatchQueue(label: "record store")

    init(of owner: MachineName, in folder: DataFolder) {
        self.owner = owner
        file = DurableFile(path: folder.file(Self.name))
    }

    /// - Throws: when the file is damaged, from a newer version, or another server's.
    func read(for options: ServerOptions) throws -> Content? {
        struct Format: Codable { var format: Int }
        if let found = try DurableFile<Format>(path: file.path).read(), found.format > Self.format {
            throw ServerError.newerRecord(path: file.path)
        }
        guard let content = try file.read() else { return nil }
        let place = options.role == .main ? content.record.main : content.record.backup
        if let found = content.owner ?? place?.name, found != owner {
            throw ServerError.foreignRecord(path: file.path, owner: "the server \(found)")
        }
        if content.record.other(than: options.role)?.name == owner {
            throw ServerError.foreignRecord(path: file.path, owner: "\(owner) in its other role")
        }
        last.withLock { $0 = content }
        return content
    }

    /// Calls `done` on the store's own queue when the content is on disk. Writes keep their order.
    func write(_ record: Record, _ history: HubHistory, done: @escaping @Sendable (LocalStateError?) -> Void) {
        let content = Content(format: Self.format, owner: owner, record: record, history: history)
        queue.async { done(self.write(content)) }
    }

    /// Writes the history beside the record that was written last; before there is one, nothing.
    func write(_ history: HubHistory, failed: @escaping @Sendable (LocalStateError) -> Void) {
        queue.async {
            guard var content = self.last.withLock({ $0 }) else { return }
            content.history = history
            if let error = self.write(content) { failed(error) }
        }
    }

    private func write(_ content: Content) -> LocalStateError? {
        do throws(LocalStateError) {
            try file.write(content)
            last.withLock { $0 = content }
            return nil
        } catch {
            return error
        }
    }

    /// What this server knew of a site goes into a folder beside it, with the show, before it joins another site.
    ///
    /// Not before all that was to be written is written.
    func setAside(with show: [String], in folder: DataFolder) throws(LocalStateError) {
        queue.sync {}
        last.withLock { $0 = nil }
        // The record last: with it gone, the rest would be taken for this server's own.
        try folder.setAside(show + [Self.name], into: "former-site-\(UTCTime.now)")
    }
}
