import AssetProtocol
import AssetStore
import FailoverCore
import Foundation

/// Uploads that outlive the connection on which they came, until they are whole, given up, or forgotten
/// (https://datatracker.ietf.org/doc/draft-ietf-httpbis-resumable-upload/). They do not outlive this process.
public actor ResumableUploads {
    /// What was said of an upload before its first byte.
    public struct Announcement: Sendable {
        public var path: StoragePath
        public var author: MachineName
        public var precondition: Precondition
        public var digest: ContentDigest?
        /// In bytes.
        public var size: Int

        public init(
            path: StoragePath, author: MachineName, precondition: Precondition, digest: ContentDigest?, size: Int
        ) {
            (self.path, self.author, self.precondition) = (path, author, precondition)
            (self.digest, self.size) = (digest, size)
        }
    }

    /// One that is going on.
    public struct Entry: Sendable {
        public let announcement: Announcement
        public let upload: Upload
    }

    /// As many as there may be are going on.
    public struct TooMany: Error {}

    private struct Slot {
        var entry: Entry
        var receiver: Task<Void, any Error>?
        var usedAt = ContinuousClock.now
    }

    private let store: AssetStore
    private let limit: Int
    private let patience: Duration
    private var slots: [String: Slot] = [:]

    /// - Parameters:
    ///   - limit: how many there may be at once.
    ///   - patience: how long one is kept of which nothing is heard.
    public init(store: AssetStore, limit: Int, patience: Duration) {
        (self.store, self.limit, self.patience) = (store, limit, patience)
    }

    /// - Returns: its name, which nobody can guess.
    public func begin(_ announcement: Announcement) throws(TooMany) -> String {
        guard slots.count < limit else { throw TooMany() }
        let name = UUID().uuidString.lowercased()
        slots[name] = Slot(entry: Entry(announcement: announcement, upload: store.begin()))
        return name
    }

    /// Ends what still receives for it, from a connection that may be dead, and hands it over.
    ///
    /// - Returns: `nil` where there is none of this name of this author.
    public func resume(_ name: String, by author: MachineName) async -> Entry? {
        guard let slot = slots[name], slot.entry.announcement.author == author else { return nil }
        slot.receiver?.cancel()
        _ = await slot.receiver?.result
        slots[name]?.usedAt = .now
        return slots[name]?.entry
    }

    /// Receives for it until `body` returns, the caller's task is cancelled, or somebody resumes it elsewhere.
    public func receive(_ name: String, _ body: @escaping @Sendable (Upload) async throws -> Void) async throws {
        guard let slot = slots[name] else { return }
        let receiver = Task { try await body(slot.entry.upload) }
        slots[name]?.receiver = receiver
        defer { slots[name]?.usedAt = .now }
        try await withTaskCancellationHandler {
            try await receiver.value
        } onCancel: {
            receiver.cancel()
        }
    }

    /// It is a version now, or nothing.
    public func end(_ name: String) async {
        await slots.removeValue(forKey: name)?.entry.upload.abort()
    }

    /// Until the task is cancelled: gives up those of which nothing is heard any more.
    public func run() async {
        while (try? await Task.sleep(for: patience / 10)) != nil {
            for (name, slot) in slots where ContinuousClock.now - slot.usedAt > patience {
                slot.receiver?.cancel()
                _ = await slot.receiver?.result
                await end(name)
            }
        }
    }
}
