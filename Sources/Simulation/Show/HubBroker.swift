/// A hub's broker, as far as the show needs it. It lives and dies with its server's process, and works on while that one
/// hangs.
struct HubBroker {
    /// By topic.
    private(set) var retained: [String: BrokerMessage] = [:]
    /// Who reads what the hub says of the site, and who reads the show; each with its connection.
    private(set) var readers: [(key: SessionKey, connection: Int32, readsShow: Bool)] = []

    mutating func keep(_ message: BrokerMessage) {
        guard message.message.isRetained else { return }
        var kept = message
        kept.isState = true
        retained[message.message.topic] = message.message.payload.isEmpty ? nil : kept
    }

    mutating func subscribe(_ key: SessionKey, connection: Int32, to subscription: ShowParcel.Subscription) {
        switch subscription {
        case .site:
            readers.removeAll { $0.key == key }
            readers.append((key, connection, false))
        case .show:
            guard let index = readers.firstIndex(where: { $0.key == key && $0.connection == connection }) else {
                return
            }
            readers[index].readsShow = true
        }
    }
}
