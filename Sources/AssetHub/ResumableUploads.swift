import AssetProtocol
import AssetStore
import FailoverCore
import Foundation

/// Uploads that outlive the connection on which they came, until they are whole, given up, or forgotten
/// (https://datatracker.ietf.org/doc/draft-ietf-httpbis-resumable-upload/). They do not outlive this process.
///
/// Whoever resumes one takes it over: what an earlier connection, which may be dead, still sends for it does not count.
public actor ResumableUploads {
    /// What was said of an upload before its first byte.
    public struct Announcement: Sendable {
        public var path: StoragePath
        public var author: MachineName
        public var precondition: Precondition
        public var digest: ContentDigest?
        /// Its CRC-32C.
        public var checksum: UInt32?
        /// In bytes.
        public var size: Int

        public init(
            path: StoragePath, author: MachineName, precondition: Precondition, digest: ContentDigest?,
            checksum: UInt32? = nil, size: Int
        ) {
            (self.path, self.author, self.precondition) = (path, author, precondition)
            (self.digest, self.checksum, self.size) = (digest, checksum, size)
        }
    }

    /// Somebody's turn with an upload. It ends when the next one resumes it.
    public struct Turn: Sendable {
        public let announcement: Announcement
        /// How many bytes have arrived.
        public let offset: Int
        /// What becomes of it, once all of it has arrived and its author has said so.
        public let outcome: Task<FileVersion, any Error>?
        fileprivate let name: String
        fileprivate let number: Int
    }

    /// As many as there may be are going on.
    public struct TooMany: Error {}

    /// There is none of this name of this author, or not any more, or it goes on over another connection.
    public struct Gone: Error {}

    private struct Slot {
        let announcement: Announcement
        let upload: Upload
        var turn = 0
        var receiver: Task<Void, any Error>?
        /// It is kept for a while: the answer to its author may be lost.
        var outcome: Task<FileVersion, any Error>?
        var usedAt = ContinuousClock.now
    }

    private let store: AssetStore
    private let limit: Int
    private let patience: Duration
    private var slots: [String: Slot] = [:]

    /// - Parameters:
    ///   - limit: how many there may be at once that are not whole.
    ///   - patience: how long one is kept of which nothing is heard.
    public init(store: AssetStore, limit: Int, patience: Duration) {
        (self.store, self.limit, self.patience) = (store, limit, patience)
    }

    /// How many are not whole.
    var count: Int { slots.values.count { $0.outcome == nil } }

    /// - Returns: its name, which nobody can guess.
    public func begin(_ announcement: Announcement) throws(TooMany) -> String {
        guard count < limit else { throw TooMany() }
        let name = UUID().uuidString.lowercased()
        slots[name] = Slot(announcement: announcement, upload: store.begin())
        return name
    }

    /// Ends what still receives for it, and takes it over.
    public func resume(_ name: String, by author: MachineName) async throws(Gone) -> Turn {
        guard var slot = slots[name], slot.announcement.author == author else { throw Gone() }
        slot.turn += 1
        slot.usedAt = .now
        slots[name] = slot
        slot.receiver?.cancel()
        _ = await slot.receiver?.result
        let offset = await slot.upload.size
        guard slots[name]?.turn == slot.turn else { throw Gone() }
        slots[name]?.receiver = nil
        return Turn(
            announcement: slot.announcement, offset: offset, outcome: slot.outcome, name: name, number: slot.turn)
    }

    /// Receives for it until `body` returns, the caller's task is cancelled, or the turn ends.
    ///
    /// - Returns: how many bytes have arrived then.
    /// - Throws: `Gone` where the turn has ended meanwhile; what `body` throws, after which there is none any more where it is
    ///   an error of the store's.
    public func receive(_ turn: Turn, _ body: @escaping @Sendable (Upload) async throws -> Void) async throws -> Int {
        let upload = try slot(of: turn).upload
        let receiver = Task { try await body(upload) }
        slots[turn.name]?.receiver = receiver
        let result = await withTaskCancellationHandler {
            await receiver.result
        } onCancel: {
            receiver.cancel()
        }
        await upload.rest()
        guard slots[turn.name]?.turn == turn.number else { throw Gone() }
        slots[turn.name]?.receiver = nil
        slots[turn.name]?.usedAt = .now
        try result.get()
        return await upload.size
    }

    /// Makes it a version, once: whoever asks again gets the same outcome. Where it fails, the upload is gone.
    public func commit(
        _ turn: Turn, _ body: @escaping @Sendable (Upload) async throws -> FileVersion
    ) async throws -> FileVersion {
        let upload = try slot(of: turn).upload
        let outcome = Task { try await body(upload) }
        slots[turn.name]?.outcome = outcome
        switch await outcome.result {
        case .success(let version):
            slots[turn.name]?.usedAt = .now
            return version
        case .failure(let error):
            slots[turn.name] = nil
            throw error
        }
    }

    /// Ends it without a trace.
    public func giveUp(_ turn: Turn) async throws(Gone) {
        let upload = try slot(of: turn).upload
        slots[turn.name] = nil
        await upload.abort()
    }

    private func slot(of turn: Turn) throws(Gone) -> Slot {
        guard let slot = slots[turn.name], slot.turn == turn.number, slot.receiver == nil, slot.outcome == nil else {
            throw Gone()
        }
        return slot
    }

    /// Until the task is cancelled: gives up those of which nothing is heard any more.
    public func run() async {
        while (try? await Task.sleep(for: patience / 10)) != nil {
            for name in slots.keys {
                // It may have been resumed since the one before was given up.
                guard let slot = slots[name], slot.receiver == nil, ContinuousClock.now - slot.usedAt > patience else {
                    continue
                }
                if slot.outcome != nil { slots[name] = nil }
                guard let turn = try? await resume(name, by: slot.announcement.author) else { continue }
                try? await giveUp(turn)
            }
        }
    }
}
