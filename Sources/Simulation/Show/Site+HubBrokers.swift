import Replication

/// What a hub's broker does with the show's messages.
extension Site {
    func take(_ parcel: ShowParcel, from key: SessionKey, atBrokerOf server: ServerMachine) {
        switch parcel {
        case .publish(let message):
            oracles.show.taken(message, at: server, self)
            script.note(
                now, server.node,
                "takes \(oracles.show.text(message, message.identity)) on \(message.topic) from \(key.owner)")
            spread(BrokerMessage(message: message, identity: message.identity), from: key, at: server)
        case .copy(let write, let isNews):
            script.note(now, server.node, "takes the \(isNews ? "copy" : "state") \(text(write))")
            spread(BrokerMessage(write, isNews: isNews), from: key, at: server)
            tellReplicator(.answered(write), of: server)
        case .confirm(let publisher, let confirmation):
            guard let client = clients.first(where: { $0.name == publisher.machine }) else { return }
            let key = SessionKey(owner: client.node, server: server.node, broker: .show)
            guard server.show.broker.readers.contains(where: { $0.key == key && isOpen($0, at: server) }) else {
                return
            }
            tell(.confirmed(publisher, confirmation), key)
        case .resume(let publisher, let token, let epoch):
            tellReplicator(.resumes(publisher, token: token, in: epoch), of: server)
        case .tell(let frame, let sender): tellReplicator(.heard(frame, from: sender), of: server)
        case .subscribe(let subscription): subscribe(key, to: subscription, at: server)
        default: break
        }
    }

    private func subscribe(_ key: SessionKey, to subscription: ShowParcel.Subscription, at server: ServerMachine) {
        server.show.broker.subscribe(key, connection: sessions[key.index].connections, to: subscription)
        // What is retained comes before the answer.
        switch subscription {
        case .site: if let news = server.news { tell(.news(news), key) }
        case .show: for message in server.show.broker.retained.values { tell(.delivered(message), key) }
        }
        tell(.subscribed(subscription), key)
    }

    private func spread(_ message: BrokerMessage, from key: SessionKey, at server: ServerMachine) {
        server.show.broker.keep(message)
        if key != ownSession(of: server) { tellReplicator(.arrived(message.message), of: server) }
        oracles.show.spread(message, at: server, self)
        for reader in server.show.broker.readers where reader.readsShow && isOpen(reader, at: server) {
            tell(.delivered(message), reader.key)
        }
    }

    /// To all that read what the hub says of the site.
    func tellReaders(_ news: HubNews, of server: ServerMachine) {
        for reader in server.show.broker.readers where isOpen(reader, at: server) { tell(.news(news), reader.key) }
    }

    private func isOpen(
        _ reader: (key: SessionKey, connection: Int32, readsShow: Bool), at server: ServerMachine
    ) -> Bool {
        let session = sessions[reader.key.index]
        return session.serverRun == server.run && session.connections == reader.connection
    }

    /// To the owner of a session.
    private func tell(_ parcel: ShowParcel, _ key: SessionKey) {
        send(.show(parcel, key), over: key, toServer: false, isReliable: true)
    }

    private func tellReplicator(_ parcel: ShowParcel, of server: ServerMachine) { tell(parcel, ownSession(of: server)) }
}
