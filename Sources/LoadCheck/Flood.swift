import MQTTSession

/// Publishes to a hub as fast as it goes.
enum Flood {
    /// Retains so many topics, and returns when the hub has them.
    @SessionLoop
    static func retain(_ count: Int, on hub: Endpoint) async throws {
        let session = try await open(hub)
        for number in 0..<count {
            let publication = Publication(topic: "load/\(number)", payload: Array("value \(number)".utf8), retain: true)
            // Each hundredth is waited for, so that no more are under way.
            if number % 100 == 0 || number == count - 1 {
                try await session.publish(publication)
            } else {
                session.publish(publication, confirmed: nil)
            }
        }
        session.close()
    }

    /// QoS 0, in batches that the hub has taken before the next one begins: what it takes, and no queue of what it does not.
    ///
    /// - Returns: how many.
    @SessionLoop
    static func publish(on hub: Endpoint, until deadline: ContinuousClock.Instant) async -> Int {
        guard let session = try? await open(hub) else { return 0 }
        var count = 0
        let message = Publication(topic: "flood", payload: Array(repeating: 0x78, count: 64), quality: .atMostOnce)
        while ContinuousClock.now < deadline {
            for _ in 0..<500 { session.publish(message, confirmed: nil) }
            count += 501
            do {
                try await session.publish(Publication(topic: "flood", payload: []))
            } catch {
                break
            }
        }
        session.close()
        return count
    }

    @SessionLoop
    private static func open(_ hub: Endpoint) async throws -> Session {
        let (opened, continuation) = AsyncStream.makeStream(of: Void.self)
        let session = Session(.init(endpoint: hub, clientID: "flood")) { event in
            if case .message = event { return }
            continuation.finish()
        }
        session.open()
        for await _ in opened {}
        guard session.isOpen else { throw RequestError.notConnected }
        return session
    }
}
