import MQTTSession

/// A broker's private door, where nobody is asked for a key: what arrives there has passed the access rules.
@SessionLoop
final class BrokerDoor {
    private var session: Session!
    private var received: [Message] = []
    private var waiter: (topic: String, continuation: CheckedContinuation<Void, Never>)?
    private let opened: AsyncStream<Void>

    struct Closed: Error {}

    /// Returns when it reads everything.
    static func open(_ path: String) async throws -> BrokerDoor {
        let door = BrokerDoor(path)
        for await _ in door.opened {}
        guard door.session.isOpen else { throw Closed() }
        try await door.session.subscribe("#")
        return door
    }

    private init(_ path: String) {
        let (opened, opening) = AsyncStream.makeStream(of: Void.self)
        self.opened = opened
        session = Session(
            .init(endpoint: .unix(path: path), clientID: "door-\(UInt32.random(in: 0 ... .max))")
        ) { [weak self] event in
            switch event {
            case .opened, .closed: opening.finish()
            case .message(let message): self?.note(message)
            }
        }
        session.open()
    }

    private func note(_ message: Message) {
        received.append(message)
        guard let waiter, waiter.topic == message.topic else { return }
        self.waiter = nil
        waiter.continuation.resume()
    }

    /// What came until something came on this topic.
    func messages(until topic: String) async -> [Message] {
        if !received.contains(where: { $0.topic == topic }) {
            await withCheckedContinuation { waiter = (topic, $0) }
        }
        defer { received = [] }
        return received
    }

    func publish(_ topic: String, _ payload: String = "{}", retain: Bool = false) async throws {
        try await session.publish(Publication(topic: topic, payload: Array(payload.utf8), retain: retain))
    }

    func close() { session.close() }
}
