extension Site {
    func way(_ from: Node, _ to: Node) -> Int { from.index * (2 + clients.count) + to.index }

    func isOpen(_ from: Node, _ to: Node) -> Bool { ways[way(from, to)].isOpen }

    /// Both ways between two nodes.
    func isOpenBothWays(_ one: Node, _ other: Node) -> Bool { isOpen(one, other) && isOpen(other, one) }

    /// Each server has a session with the other one's present run, over ways that nothing disturbs. A process that hangs keeps
    /// its sessions.
    var areServersConnected: Bool {
        Node.servers.allSatisfy { node in
            let key = SessionKey(owner: node, server: node.other, broker: .control)
            return ways[way(node, node.other)].isSound && server(node).isRunning
                && sessions[key.index].serverRun == server(node.other).run
        }
    }

    // MARK: - Sending

    /// To the server of a session, or from it to the owner. Does nothing while the session is down, as its owner or the
    /// server's broker sees it.
    ///
    /// - Parameter isReliable: in order and without loss for as long as the connection lasts, as MQTT has it. What the
    ///   election sends must also bear a worse network.
    func send(_ parcel: Parcel, over key: SessionKey, toServer: Bool, isReliable: Bool) {
        let session = sessions[key.index]
        guard let serverRun = session.serverRun else { return }
        let passage = Passage(
            ownerRun: machine(key.owner).run, serverRun: serverRun, connection: session.connections)
        let (from, to) = toServer ? (key.owner, key.server) : (key.server, key.owner)
        let index = way(from, to)
        guard ways[index].isOpen else {
            let isHeld = (isReliable || ways[index].holdsWhileCut) && ways[index].held.count < Way.mostHeld
            if isHeld || isReliable {
                ways[index].held.append(.init(parcel: parcel, passage: passage, isReliable: isReliable))
            }
            return
        }
        if isReliable {
            let instant = max(now + ways[index].draw(&random), ways[index].lastReliable + .microseconds(1))
            ways[index].lastReliable = instant
            agenda.add(.arrival(parcel, from: from, to: to, passage), at: instant)
        } else {
            sendUnreliably(parcel, from: from, to: to, passage)
        }
    }

    private func sendUnreliably(_ parcel: Parcel, from: Node, to: Node, _ passage: Passage) {
        let index = way(from, to)
        guard !random.chance(ways[index].loss) else { return }
        var delay = ways[index].draw(&random)
        if random.chance(ways[index].lateness) {
            delay = delay + random.spanOfAnySize(.milliseconds(5) ... .seconds(1))
        }
        agenda.add(.arrival(parcel, from: from, to: to, passage), at: now + delay)
        guard random.chance(ways[index].duplication) else { return }
        let again = random.spanOfAnySize(.microseconds(10) ... .milliseconds(300))
        agenda.add(.arrival(parcel, from: from, to: to, passage), at: now + delay + again)
    }

    /// Takes what comes from another process: only between the runs that were connected, and over a hub broker only over
    /// the same connection.
    func arrive(_ parcel: Parcel, from: Node, to: Node, _ passage: Passage) {
        let (key, isOrdered) =
            switch parcel {
            case .news: (SessionKey(owner: to, server: from, broker: .hub), true)
            case .presence: (SessionKey(owner: from, server: to, broker: .hub), true)
            case .show(_, let key): (key ?? SessionKey(owner: from, server: to, broker: .show), true)
            case .vote: (SessionKey(owner: from, server: to, broker: .control), false)
            default: (SessionKey(owner: to, server: from, broker: .control), false)
            }
        let receiver = machine(to)
        guard receiver.run == (to == key.owner ? passage.ownerRun : passage.serverRun) else { return }
        if to == key.owner { guard sessions[key.index].serverRun == passage.serverRun else { return } }
        if isOrdered {
            let session = sessions[key.index]
            guard session.connections == passage.connection, session.endedConnection != passage.connection else {
                return
            }
        }
        if case .show(let parcel, _) = parcel, parcel.isForBroker {
            // The broker works on while the process beside it hangs.
            return take(parcel, from: key, atBrokerOf: server(to))
        }
        deliver(parcel, to: receiver)
    }

    // MARK: - Cuts

    func cut(_ index: Int, holding: Bool) {
        ways[index].cuts += 1
        ways[index].holdsWhileCut = holding
    }

    func mend(_ from: Node, _ to: Node) {
        let index = way(from, to)
        ways[index].cuts -= 1
        guard ways[index].isOpen else { return }
        let held = ways[index].held
        ways[index].held = []
        for item in held {
            if item.isReliable {
                let instant = max(now + ways[index].draw(&random), ways[index].lastReliable + .microseconds(1))
                ways[index].lastReliable = instant
                agenda.add(.arrival(item.parcel, from: from, to: to, item.passage), at: instant)
            } else {
                sendUnreliably(item.parcel, from: from, to: to, item.passage)
            }
        }
    }
}
