import Foundation
import MQTTSession
import Testing

/// Writes what machines say of themselves, as anybody may where there are no keys.
@SessionLoop
final class BusWriter {
    private let session: Session

    init(_ endpoint: Endpoint) async throws {
        let (opened, continuation) = AsyncStream.makeStream(of: Bool.self)
        session = Session(.init(endpoint: endpoint, clientID: "writer-\(UInt32.random(in: 0 ... .max))")) { event in
            switch event {
            case .opened: continuation.yield(true)
            case .closed: continuation.yield(false)
            case .message: break
            }
        }
        session.open()
        for await isOpen in opened {
            try #require(isOpen)
            break
        }
    }

    func publishMachine(_ name: String, address: String, version: String) async throws {
        try await publish(
            "machines/\(name)/status",
            [
                "state": "online", "role": "client", "session": "1", "address": address, "version": version,
                "permission": 3, "since": "2026-01-01T00:00:00.000Z",
            ])
    }

    /// A client that has lost the Backup's hub, as a third party's may.
    func publishLonely(_ name: String) async throws {
        try await publishMachine(name, address: "10.0.0.99", version: "1")
        try await publish(
            "machines/\(name)/links",
            ["hubs": ["main-1": "up", "backup-1": "lost"], "following": "main-1", "epoch": 2])
    }

    private func publish(_ topic: String, _ content: [String: Any]) async throws {
        let payload = try JSONSerialization.data(withJSONObject: content)
        await withCheckedContinuation { continuation in
            session.publish(Publication(topic: topic, payload: Array(payload), retain: true)) { _ in
                continuation.resume()
            }
        }
    }

    func close() { session.close() }
}
