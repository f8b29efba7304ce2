import MQTTSession

/// Reads what a hub retains, as any MQTT client sees it.
enum RetainedReader {
    struct Failed: Error {}

    /// Topics and payloads of the show, all of them.
    @SessionLoop
    static func read(_ hub: Endpoint, _ credentials: TLSCredentials? = nil) async throws -> [String: String] {
        let (events, continuation) = AsyncStream.makeStream(of: Session.Event.self)
        let session = Session(
            .init(
                endpoint: hub, credentials: credentials, clientID: "reader-\(UInt32.random(in: 0 ... .max))")
        ) { continuation.yield($0) }
        session.open()
        var found: [String: String] = [:]
        for await event in events {
            switch event {
            case .opened:
                for filter in ["show/#", "cues/#"] { session.subscribe(filter, confirmed: nil) }
                // What is retained comes before the answer to the last subscription.
                session.subscribe("nothing") { _ in session.close() }
            case .message(let message): found[message.topic] = String(decoding: message.payload, as: UTF8.self)
            case .closed(.requested): return found
            case .closed: throw Failed()
            }
        }
        throw Failed()
    }
}
