import FailoverCore
import HubProtocol
import Replication

/// What `HubConnection` and `DataLink` do for a program on a client, and programs that do not know them.
extension Site {
    func showSessions(of client: ClientMachine) -> [SessionKey] {
        Node.servers.map { SessionKey(owner: client.node, server: $0, broker: .show) }
    }

    func startShow(_ client: ClientMachine) {
        client.program = ShowProgram(client)
        oracles.show.started(client)
        for key in showSessions(of: client) { open(key) }
        let number = client.node.index - 2
        if number < traits.show.authors { planPublishing(at: client, known: true) }
        if number < traits.show.strangers { planPublishing(at: client, known: false) }
    }

    func endShow(_ client: ClientMachine) {
        client.program = nil
        for key in showSessions(of: client) { giveUp(key) }
        oracles.show.ended(client)
    }

    func change(_ key: SessionKey, to change: SessionChange, ofProgramAt client: ClientMachine) {
        let index = key.server.index
        switch change {
        case .opened(let run):
            guard noteOpened(key, run) else { return connect(key) }
            client.program?.links[index].connection += 1
            client.program?.links[index].retained.opened()
            send(.show(.subscribe(.site), key), over: key)
        case .closed:
            sessions[key.index].serverRun = nil
            connect(key)
            lose(key.server, at: client)
        case .refused, .unanswered: connect(key)
        }
    }

    private func lose(_ server: Node, at client: ClientMachine) {
        guard let program = client.program, program.links[server.index].isUp else { return }
        let name = self.server(server).name
        client.program?.links[server.index].isUp = false
        client.program?.links[server.index].alignment.began(awaiting: nil)
        endAlignment(of: server.other, at: client)
        client.program?.follower.linkLost(name, at: client.clock.monotonic(at: now))
        client.program?.inbox.lost(name)
        if program.links[server.other.index].isUp {
            client.program?.links[server.other.index].retained.inherit(from: program.links[server.index].retained)
        }
        client.program?.links[server.index].retained.lost()
        moved(client)
    }

    func take(_ parcel: ShowParcel, from key: SessionKey?, at client: ClientMachine) {
        switch parcel {
        case .askAgain(let token): askAgain(token, at: client)
        case .giveUp(let sequence): giveUp(sequence, at: client)
        case .alignmentIsOver(let marker):
            for server in Node.servers where client.program?.links[server.index].alignment.marker == marker {
                endAlignment(of: server, at: client)
            }
        default: if let key { take(parcel, from: key.server, at: client) }
        }
    }

    private func take(_ parcel: ShowParcel, from server: Node, at client: ClientMachine) {
        let shown = client.clock.monotonic(at: now)
        let name = self.server(server).name
        switch parcel {
        case .news(let news):
            guard let announcement = news.announcement else { return }
            _ = client.program?.follower.announced(announcement, at: shown)
            moved(client)
        case .subscribed(.site):
            client.program?.links[server.index].isUp = true
            request(server, at: client)
            align(server, at: client)
            _ = client.program?.follower.linkUp(name, at: shown)
            moved(client)
        case .subscribed(.show):
            client.program?.links[server.index].retained.answered()
            oracles.show.reads(server, client, self)
        case .confirmed(let publisher, let confirmation):
            guard publisher == client.program?.publisher else { return }
            confirmed(confirmation, by: server, at: client)
        case .delivered(let message): deliver(message, from: server, at: client)
        default: break
        }
    }

    private func align(_ server: Node, at client: ClientMachine) {
        guard let program = client.program, program.links[server.other.index].isUp else { return }
        let marker = "marker of \(client.node), \(random.next())"
        client.program?.links[server.index].alignment.began(awaiting: marker)
        let message = HubMessage(
            topic: Topic.marker(program.publisher).name, payload: Array(marker.utf8), isRetained: false)
        publish(message, on: server, at: client)
        let patience = program.inbox.isFresh ? Span.milliseconds(250) : .seconds(3)
        wait(patience, for: .alignmentIsOver(marker: marker), at: client)
    }

    private func endAlignment(of server: Node, at client: ClientMachine) {
        for message in client.program?.links[server.index].alignment.end() ?? [] {
            read(message, from: server, at: client)
        }
    }

    private func deliver(_ message: BrokerMessage, from server: Node, at client: ClientMachine) {
        if Topic.isMarker(message.message.topic) {
            let marker = String(decoding: message.message.payload, as: UTF8.self)
            guard client.program?.links[server.other.index].alignment.marker == marker else { return }
            endAlignment(of: server.other, at: client)
        } else if client.program?.links[server.index].alignment.holds(message, bytes: message.message.payload.count)
            != true
        {
            read(message, from: server, at: client)
        }
    }

    private func read(_ message: BrokerMessage, from server: Node, at client: ClientMachine) {
        let name = self.server(server).name
        let isFollowed = client.program?.follower.following == name
        guard let isTaken = client.program?.inbox.take(message.item, from: name, isFollowed: isFollowed) else { return }
        if !isTaken, !isFollowed, message.isState, client.program?.inbox.lacks(message.item) == true {
            client.program?.links[server.index].retained.missed()
        }
        oracles.show.arrived(message, from: server, isTaken: isTaken, at: client, self)
    }

    private func request(_ server: Node, at client: ClientMachine) {
        client.program?.links[server.index].retained.asked()
        let key = SessionKey(owner: client.node, server: server, broker: .show)
        send(.show(.subscribe(.show), key), over: key)
    }

    // MARK: - Following

    private func session(with server: Node, of client: ClientMachine) -> Resumption.Session? {
        guard let link = client.program?.links[server.index], link.isUp else { return nil }
        return .init(hub: self.server(server).name, connection: link.connection)
    }

    private func followed(by client: ClientMachine) -> Node? {
        Node.servers.first { server($0).name == client.program?.follower.following }
    }

    private func moved(_ client: ClientMachine) {
        guard let program = client.program else { return }
        let hub = followed(by: client)
        let session = hub.flatMap { self.session(with: $0, of: client) }
        let next = "\(random.next())"
        let token = client.program?.resumption.follow(session) { next }
        if let token, let hub { ask(hub, token, at: client) }
        guard let hub, session != nil else { return }
        let others = [program.links[hub.other.index].retained]
        let mustAsk = client.program?.links[hub.index].retained.followed(after: others) ?? false
        if mustAsk { request(hub, at: client) }
    }

    private func ask(_ hub: Node, _ token: String, at client: ClientMachine) {
        guard let publisher = client.program?.publisher else { return }
        let key = SessionKey(owner: client.node, server: hub, broker: .show)
        let epoch = client.program?.follower.epoch ?? Epoch(0)
        send(.show(.resume(publisher, token: token, in: epoch), key), over: key)
        wait(.milliseconds(250), for: .askAgain(token: token), at: client)
    }

    private func askAgain(_ token: String, at client: ClientMachine) {
        guard case .asking(let session, token) = client.program?.resumption.stage,
            let hub = Node.servers.first(where: { server($0).name == session.hub })
        else { return }
        ask(hub, token, at: client)
    }

    private func confirmed(_ confirmation: Confirmation, by server: Node, at client: ClientMachine) {
        guard let publisher = client.program?.publisher else { return }
        for sequence in client.program?.outbox.confirmed(confirmation.replicated) ?? []
        where client.program?.waiting.remove(sequence) != nil {
            oracles.show.confirmed(MessageIdentity(publisher: publisher, sequence: sequence), by: server, self)
        }
        guard let link = client.program?.links[server.index],
            client.program?.resumption.answered(
                confirmation, on: .init(hub: self.server(server).name, connection: link.connection)) == true
        else { return }
        for item in client.program?.outbox.missing(after: confirmation.received) ?? [] {
            publish(item, on: server, at: client)
        }
    }

    // MARK: - Publishing

    private func planPublishing(at client: ClientMachine, known: Bool) {
        let (run, pause) = (client.run, traits.show.pause)
        after(random.span(Span(nanoseconds: pause.nanoseconds / 2)...(pause * 2))) { site in
            guard client.run == run, client.isRunning, site.isShowOn else { return }
            site.publish(at: client, known: known)
            site.planPublishing(at: client, known: known)
        }
    }

    /// Much at once, just when something goes wrong.
    func burst() {
        guard isShowOn, random.chance(traits.show.burstShare) else { return }
        for client in clients.prefix(traits.show.authors) where client.isRunning {
            let run = client.run
            for _ in 0..<random.number(in: 1...8) {
                after(random.span(.zero ... .milliseconds(300))) { site in
                    guard client.run == run, client.isRunning else { return }
                    site.publish(at: client, known: true)
                }
            }
        }
    }

    private func publish(at client: ClientMachine, known: Bool) {
        guard client.isActing, let program = client.program, !program.outbox.isFull else { return }
        let isRetained = !random.chance(traits.show.eventShare)
        let isDeletion = known && isRetained && random.chance(traits.show.deletionShare)
        let topic = "\(isRetained ? "state" : "event")/\(random.index(below: traits.show.topics))"
        var text = isDeletion ? "" : "\(oracles.show.nextNumber)"
        // More than one frame can carry.
        if !isDeletion, random.chance(0.003) { text += String(repeating: " ", count: 70_000) }
        let message = HubMessage(topic: topic, payload: Array(text.utf8), isRetained: isRetained)
        guard known else { return publishPlainly(message, at: client) }
        guard let item = client.program?.outbox.add(message), let identity = item.identity else { return }
        client.program?.waiting.insert(item.sequence)
        oracles.show.published(item, by: client, self)
        script.note(now, client.node, "publishes \(oracles.show.text(item, identity)) on \(topic)")
        wait(.seconds(10), for: .giveUp(item.sequence), at: client)
        guard case .sending(let session) = program.resumption.stage,
            let hub = Node.servers.first(where: { self.session(with: $0, of: client) == session })
        else { return }
        publish(item, on: hub, at: client)
    }

    private func publish(_ item: HubMessage, on server: Node, at client: ClientMachine) {
        let key = SessionKey(owner: client.node, server: server, broker: .show)
        send(.show(.publish(item), key), over: key)
    }

    /// Somebody else's program: it publishes where it believes the hub to be, once.
    private func publishPlainly(_ message: HubMessage, at client: ClientMachine) {
        guard let active = Node.servers.first(where: { server($0).name == client.follower.following }) else { return }
        let hub = random.chance(traits.show.strayShare) ? active.other : active
        let key = SessionKey(owner: client.node, server: hub, broker: .show)
        guard sessions[key.index].serverRun != nil else { return }
        oracles.show.published(message, by: client, self)
        script.note(
            now, client.node, "publishes \(oracles.show.text(message, nil)) on \(message.topic), plainly, at \(hub)")
        publish(message, on: hub, at: client)
    }

    private func giveUp(_ sequence: UInt64, at client: ClientMachine) {
        guard let publisher = client.program?.publisher, client.program?.waiting.remove(sequence) != nil else { return }
        client.program?.outbox.withdraw(sequence)
        script.note(now, client.node, "gives \(publisher)/\(sequence) up")
    }
}
