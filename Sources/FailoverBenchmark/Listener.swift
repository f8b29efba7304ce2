import FailoverCore
import HubProtocol
import LocalSite
import MQTTSession

/// Hears on the Backup's hub that it is active, and each client's first message through it. It looks at bytes only, so that
/// what it measures does not wait for it.
@SessionLoop
final class Listener {
    /// Perhaps before anybody waits for it.
    private var lastHeardAt: ContinuousClock.Instant?
    private(set) var announcedAt: ContinuousClock.Instant?
    private var session: Session?
    /// Topics of clients that were not heard yet.
    private(set) var awaited: Set<String>
    private let mark: [UInt8]
    private var continuation: CheckedContinuation<ContinuousClock.Instant?, Never>?

    /// Returns when it is subscribed.
    init(at hub: LocalSite.Server, _ credentials: TLSCredentials?, for clients: [MachineName]) async throws {
        awaited = Set(clients.map { Topic.machine($0, .links).name })
        mark = Array("\"following\":\"\(hub.name)\"".utf8)
        let active = Array("\"hub\":\"\(hub.name)\"".utf8)
        let (opened, opening) = AsyncStream.makeStream(of: Void.self)
        let session = Session(
            .init(endpoint: hub.observed, credentials: credentials, clientID: "listener")
        ) { [weak self] event in
            switch event {
            case .opened: opening.finish()
            case .message(let message): self?.hear(message, active: active)
            case .closed: opening.finish()
            }
        }
        self.session = session
        session.open()
        for await _ in opened {}
        // As the machines do: what is heard must not wait for its turn behind fifty of them.
        RealTimePriority.machine.give(to: 0)
        for filter in [Topic.hubActive.name, "machines/+/links"] {
            try await session.subscribe(filter, quality: .atMostOnce)
        }
    }

    /// When the last client's message came; `nil` when it did not within 20 s.
    func lastClient() async -> ContinuousClock.Instant? {
        let patience = LoopTimer()
        patience.schedule(after: .seconds(20)) { self.finish(nil) }
        defer { patience.cancel() }
        if let lastHeardAt { return lastHeardAt }
        return await withCheckedContinuation { continuation = $0 }
    }

    func stop() { session?.close() }

    private func hear(_ message: Message, active: [UInt8]) {
        if message.topic == Topic.hubActive.name {
            if announcedAt == nil, message.payload.contains(active) { announcedAt = .now }
        } else if message.payload.contains(mark), awaited.remove(message.topic) != nil, awaited.isEmpty {
            lastHeardAt = .now
            finish(lastHeardAt)
        }
    }

    private func finish(_ moment: ContinuousClock.Instant?) {
        continuation?.resume(returning: moment)
        continuation = nil
    }
}
