import FailoverCore
import HubProtocol
import Replication

/// What `ServerReplicator` and `Journal` do.
extension Site {
    /// Of a server's replicator with its own hub. It lasts as long as the process.
    func ownSession(of server: ServerMachine) -> SessionKey {
        SessionKey(owner: server.node, server: server.node, broker: .show)
    }

    /// Of a server's replicator with the other hub.
    func peerSession(of server: ServerMachine) -> SessionKey {
        SessionKey(owner: server.node, server: server.node.other, broker: .show)
    }

    func startShow(_ server: ServerMachine) {
        server.show.start(server, run: sessionName(server.node, run: server.run), at: now)
        let own = ownSession(of: server).index
        sessions[own].serverRun = server.run
        sessions[own].connections += 1
        open(peerSession(of: server))
        wait(.seconds(1), for: .secondPassed, at: server)
    }

    func endShow(_ server: ServerMachine) {
        let isPowerLost = !server.isPowered
        server.show.end(keepsFirst: random.chance(0.5)) { most in
            isPowerLost ? Int(random.number(in: 0...Int64(most))) : 0
        }
        giveUp(peerSession(of: server))
        sessions[ownSession(of: server).index].serverRun = nil
        oracles.show.ended(server, self)
    }

    /// What a process plans for itself; it waits for one that hangs.
    func wait(_ span: Span, for parcel: ShowParcel, at machine: Machine) {
        let run = machine.run
        after(span) { site in
            guard machine.run == run else { return }
            site.deliver(.show(parcel, nil), to: machine)
        }
    }

    // MARK: - Events

    func changePeer(_ key: SessionKey, to change: SessionChange, at server: ServerMachine) {
        switch change {
        case .opened(let run):
            guard noteOpened(key, run) else { return connect(key) }
            script.note(now, server.node, "copies to the hub of \(key.server)")
            handle(.peerOpened(stream: random.next() | 1), at: server)
        case .closed:
            sessions[key.index].serverRun = nil
            connect(key)
            script.note(now, server.node, "does not reach the hub of \(key.server) any more")
            handle(Replicator.Event.peerClosed, at: server)
        case .refused, .unanswered: connect(key)
        }
    }

    func take(_ parcel: ShowParcel, at server: ServerMachine) {
        switch parcel {
        case .arrived(let message):
            oracles.show.stamped(message, by: server)
            handle(.arrived(message), at: server)
        case .answered(let write): handle(.answered(write), at: server)
        case .resumes(let publisher, let token, let epoch):
            handle(.resumes(publisher, token: token, in: epoch), at: server)
        case .heard(let frame, let sender): handle(.frame(frame, from: sender), at: server)
        case .written(let confirmed): noteWritten(confirmed, at: server)
        case .flush: flush(server)
        case .gathered:
            server.show.isGathering = false
            write(server)
        case .confirmTaken:
            server.show.isConfirmTakenPlanned = false
            for directive in server.show.replicator?.confirmTaken() ?? [] { carryOut(directive, at: server) }
        case .secondPassed:
            handle(.timePassed(server.clock.moment(at: now).wall, nextStream: random.next() | 1), at: server)
            wait(.seconds(1), for: .secondPassed, at: server)
        default: break
        }
    }

    /// As `ServerCoordinator.tellReplicator`.
    func tellReplicator(of server: ServerMachine) {
        guard let core = server.core else { return }
        let standing = ShowServer.Standing(
            confirmsAlone: core.confirmsAlone(at: server.clock.monotonic(at: now)),
            epoch: core.storedEpoch ?? Epoch(0),
            isHolder: core.storedEpoch != nil && core.record?.holder == server.name,
            marksFor: core.marksFor)
        let told = server.show.told
        guard standing != told else { return }
        if standing.marksFor == nil, told?.marksFor != nil { handle(Replicator.Event.markForgotten, at: server) }
        server.show.told = standing
        handle(
            .standing(confirmsAlone: standing.confirmsAlone, standing.epoch, isHolder: standing.isHolder), at: server)
    }

    func handle(_ event: Replicator.Event, at server: ServerMachine) {
        guard let directives = server.show.replicator?.handle(event) else { return }
        for directive in directives { carryOut(directive, at: server) }
        if server.show.replicator?.wantsFlush == true { planFlush(server) }
    }

    // MARK: - Directives

    private func carryOut(_ directive: Replicator.Directive, at server: ServerMachine) {
        switch directive {
        case .publish(let write, let isNews):
            send(.show(.copy(write, isNews: isNews), ownSession(of: server)), over: ownSession(of: server))
        case .confirm(let publisher, let confirmation):
            send(.show(.confirm(publisher, confirmation), ownSession(of: server)), over: ownSession(of: server))
        case .send(let frame):
            let key = peerSession(of: server)
            send(.show(.tell(frame, from: server.name), key), over: key)
        case .store(let write):
            server.show.changes.retained[write.message.topic] = write
            server.show.changes.forgotten.remove(write.message.topic)
            planFlush(server)
        case .forget(let topic):
            server.show.changes.retained[topic] = nil
            server.show.changes.forgotten.insert(topic)
            planFlush(server)
        case .storeProgress(let publisher, let received):
            server.show.changes.publishers[publisher] = received
            planFlush(server)
        case .sync(let progress, let survivesPowerLoss):
            server.show.awaiting.merge(progress) { max($0, $1) }
            if survivesPowerLoss { server.show.mustSurvivePowerLoss = true }
            planFlush(server)
        case .copied(let session):
            script.note(now, server.node, "has copied everything to \(session)")
            handle(Coordinator.Event.copied(session: session), at: server)
        case .conflict(let conflict):
            tally.show.conflicts += 1
            script.note(
                now, server.node, "CONFLICT keeps \(text(conflict.kept)) and drops \(text(conflict.dropped))")
        case .warn(let sentence): script.note(now, server.node, "WARNS \(sentence)")
        }
    }

    /// To the server's broker.
    func send(_ parcel: Parcel, over key: SessionKey) { send(parcel, over: key, toServer: true, isReliable: true) }

    func text(_ write: Write) -> String {
        "\(oracles.show.text(write.message, write.identity)) on \(write.message.topic), stamp \(write.stamp)"
    }

    private func planFlush(_ server: ServerMachine) {
        guard !server.show.isFlushPlanned else { return }
        server.show.isFlushPlanned = true
        wait(random.span(.zero ... .microseconds(100)), for: .flush, at: server)
    }

    private func flush(_ server: ServerMachine) {
        server.show.isFlushPlanned = false
        for directive in server.show.replicator?.flush() ?? [] { carryOut(directive, at: server) }
        flushJournal(server)
        guard server.show.replicator?.hasTaken == true, !server.show.isConfirmTakenPlanned else { return }
        server.show.isConfirmTakenPlanned = true
        wait(.milliseconds(20), for: .confirmTaken, at: server)
    }

    // MARK: - Journal

    private func flushJournal(_ server: ServerMachine) {
        guard let replica = server.show.replicator?.replica else { return }
        server.show.changes.counter = replica.counter
        server.show.changes.counterAtPeer = replica.counterAtPeer
        guard server.show.store.writing == nil, !server.show.changes.isEmpty || !server.show.awaiting.isEmpty else {
            return
        }
        if !server.show.awaiting.isEmpty {
            write(server)
        } else if !server.show.isGathering {
            server.show.isGathering = true
            wait(.milliseconds(10), for: .gathered, at: server)
        }
    }

    private func write(_ server: ServerMachine) {
        guard server.show.store.writing == nil, server.show.replicator != nil else { return }
        let confirmed = server.show.awaiting
        let isDurable = server.show.mustSurvivePowerLoss || now - server.show.lastDurable > .seconds(1)
        server.show.store.write(server.show.changes, isDurable: isDurable)
        let (counter, atPeer) = (server.show.changes.counter, server.show.changes.counterAtPeer)
        server.show.changes = ShowStore.Changes()
        (server.show.changes.counter, server.show.changes.counterAtPeer) = (counter, atPeer)
        (server.show.awaiting, server.show.mustSurvivePowerLoss) = ([:], false)
        let ends = server.show.store.ends
        let span =
            server.diskFaults > 0
            ? random.span(.milliseconds(50) ... .milliseconds(800))
            : random.spanOfAnySize(.microseconds(100) ... .milliseconds(20))
        after(span) { site in
            guard server.show.store.ends == ends else { return }
            server.show.store.written()
            if isDurable { server.show.lastDurable = site.now }
            site.deliver(.show(.written(confirmed), nil), to: server)
        }
    }

    private func noteWritten(_ confirmed: [Publisher: UInt64], at server: ServerMachine) {
        if !confirmed.isEmpty { handle(.stored(confirmed), at: server) }
        flushJournal(server)
    }
}
