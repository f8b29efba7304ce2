import MQTTSession

/// All that one hub retains of the show, as any MQTT program gets it.
@SessionLoop
final class HubContent {
    private var retained: [String: [UInt8]] = [:]
    private var session: Session!

    private init() {}

    static func read(from endpoint: Endpoint, _ credentials: TLSCredentials?) async throws -> [String: [UInt8]] {
        let content = HubContent()
        return try await content.readAll(from: endpoint, credentials)
    }

    private func readAll(from endpoint: Endpoint, _ credentials: TLSCredentials?) async throws -> [String: [UInt8]] {
        let (opened, opening) = AsyncStream.makeStream(of: Void.self)
        // The session lets go of this when it has ended.
        session = Session(
            .init(
                endpoint: endpoint, credentials: credentials, clientID: "content-\(UInt32.random(in: 0 ... .max))")
        ) { event in
            if case .message(let message) = event {
                self.retained[message.topic] = message.payload
            } else {
                opening.finish()
            }
        }
        session.open()
        for await _ in opened {}
        // QoS 0: what is retained then comes before the answer to the second subscription.
        session.subscribe("show/#", quality: .atMostOnce, confirmed: nil)
        try await session.subscribe("show/#", quality: .atMostOnce)
        let content = retained
        session.close()
        return content
    }
}
