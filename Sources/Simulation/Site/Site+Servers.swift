import FailoverCore
import Replication

/// What `ServerCoordinator` and the brokers beside it do.
extension Site {
    func start(_ server: ServerMachine) {
        server.run += 1
        server.isRunning = true
        server.isHung = false
        server.inbox = []
        server.news = nil
        server.presences = Array(repeating: nil, count: clients.count)
        server.candidates = []
        server.followed = nil
        // The one thing that leans on the wall clock: without a record epochs begin at twice the Unix time.
        if server.disk.content == nil { server.clock.setRight() }
        server.core = Coordinator(
            identity: .init(
                role: server.role, address: server.address, session: sessionName(server.node, run: server.run),
                hasPeer: true), record: server.disk.content, at: server.clock.moment(at: now))
        script.note(now, server.node, "starts (run \(server.run)) with \(Script.text(server.disk.content))")
        oracles.orders.started(server)
        // Whoever is still connected to the run before learns that it is gone.
        reviewSessions { $0.server == server.node }
        open(SessionKey(owner: server.node, server: server.node.other, broker: .control))
        startShow(server)
        handle(.timePassed, at: server)
    }

    /// The process and its brokers are gone.
    ///
    /// - Parameter isOrderly: it closed its sessions itself, so that no will is sent.
    func end(_ server: ServerMachine, isOrderly: Bool) {
        guard server.isRunning else { return }
        let key = SessionKey(owner: server.node, server: server.node.other, broker: .control)
        if !isOrderly, sessions[key.index].serverRun != nil {
            let isHeard = server.isPowered && isOpen(key.owner, key.server)
            tellServerOfEnd(
                of: key,
                after: isHeard ? random.spanOfAnySize(.microseconds(100) ... .milliseconds(5)) : Self.keepAliveEnds)
        }
        server.isRunning = false
        server.isHung = false
        server.core = nil
        server.inbox = []
        server.disk.crash(keepsFirst: random.chance(0.5))
        giveUp(key)
        endShow(server)
        reviewSessions { $0.server == server.node }
        oracles.serverEnded(server, self)
    }

    func take(_ parcel: Parcel, at server: ServerMachine) {
        switch parcel {
        case .heartbeat(let letter): handle(.heartbeat(letter.heartbeat), at: server)
        case .vote(let vote): handle(.vote(vote), at: server)
        case .will(let session): handle(.will(session: session), at: server)
        case .recordSynced(let record): handle(.stored(record), at: server)
        case .show(let parcel, _): take(parcel, at: server)
        case .stopRequested:
            oracles.orders.stopRequested(at: server)
            handle(.stopRequested, at: server)
        case .session(let key, let news):
            if key.broker == .show { changePeer(key, to: news, at: server) } else { change(key, to: news, at: server) }
        case .presence(let presence): see(presence, at: server)
        case .news, .ballotSynced: break
        }
    }

    private func change(_ key: SessionKey, to change: SessionChange, at server: ServerMachine) {
        switch change {
        case .opened(let run):
            guard noteOpened(key, run) else { return connect(key) }
            handle(.linkOpened, at: server)
        case .closed:
            sessions[key.index].serverRun = nil
            connect(key)
            handle(.linkClosed, at: server)
        case .refused:
            connect(key)
            handle(.linkRefused, at: server)
        case .unanswered:
            connect(key)
            handle(.linkClosed, at: server)
        }
    }

    /// - Returns: whether that run is still there.
    func noteOpened(_ key: SessionKey, _ run: Int32) -> Bool {
        guard server(key.server).isRunning, server(key.server).run == run else { return false }
        sessions[key.index].serverRun = run
        sessions[key.index].connections += 1
        sessions[key.index].pause = .zero
        return true
    }

    // MARK: - Core

    func handle(_ event: Coordinator.Event, at server: ServerMachine) {
        oracles.hubs.check(self)
        guard let directives = server.core?.handle(event, at: server.clock.moment(at: now)), let core = server.core
        else {
            return
        }
        publish(core, of: server)
        for directive in directives {
            switch directive {
            case .send(let heartbeat): broadcast(heartbeat, of: server)
            case .store(let record):
                oracles.hubs.asks(toStore: record, at: server, self)
                write(record, at: server)
                if record.mode == .paired, record.holder == server.name { pairIsWritten() }
            case .readyToStop:
                script.note(now, server.node, "has stopped in good order")
                oracles.orders.stopped(server, core)
                end(server, isOrderly: true)
                return startAgainAfterSiteStop(server)
            case .mark(let session): handle(Replicator.Event.mark(session: session), at: server)
            case .answer(let answer): noteAnswer(answer, of: server, core)
            case .refuseStart:
                script.note(now, server.node, "finds its place taken, and ends")
                end(server, isOrderly: true)
                // Somebody starts it again.
                return turnOn(server, after: .seconds(1))
            }
        }
        tellReplicator(of: server)
        oracles.observe(server, core, self)
        plan(server, for: core.nextDeadline)
    }

    private func broadcast(_ heartbeat: ElectionHeartbeat, of server: ServerMachine) {
        if let claim = heartbeat.claim, claim != server.shownClaim {
            script.note(
                now, server.node,
                "asks for epoch \(claim.epoch) from \(claim.from) to \(claim.purpose): \(claim.evidence)")
        }
        server.shownClaim = heartbeat.claim
        let letter = Letter(heartbeat)
        for owner in [server.node.other] + clients.map(\.node) {
            let key = SessionKey(owner: owner, server: server.node, broker: .control)
            guard sessions[key.index].serverRun == server.run else { continue }
            send(.heartbeat(letter), over: key, toServer: false, isReliable: false)
        }
    }

    private func write(_ record: Record, at server: ServerMachine) {
        let isIdle = server.disk.isIdle
        server.disk.write(record)
        if isIdle { writeNext(at: server) }
    }

    private func writeNext(at server: ServerMachine) {
        let crashes = server.disk.crashes
        after(drawWrite(at: server)) { site in
            guard server.disk.crashes == crashes else { return }
            let record = server.disk.sync()
            site.script.note(site.now, server.node, "has on disk \(Script.text(record))")
            site.oracles.stored(record, at: server, site)
            if !server.disk.isIdle { site.writeNext(at: server) }
            site.deliver(.recordSynced(record), to: server)
        }
    }

    /// How long a write takes until it is safe on disk.
    func drawWrite(at machine: Machine) -> Span {
        if machine.diskFaults > 0 { return random.span(.milliseconds(50) ... .milliseconds(800)) }
        let span =
            random.chance(0.01)
            ? random.span(.milliseconds(100) ... .milliseconds(500))
            : random.spanOfAnySize(.microseconds(100) ... .milliseconds(20))
        if span > Oracles.quickWrite { oracles.disturbed(faults: machine.node.isServer ? [machine.node] : [], self) }
        return span
    }

    // MARK: - Hub broker

    /// As `ServerCoordinator.publish`: a server that sees nobody says nothing new of who is active.
    private func publish(_ core: Coordinator, of server: ServerMachine) {
        guard let record = core.record else { return }
        let isActive = core.isActive
        var announcement = server.news?.announcement
        if announcement?.epoch != record.epoch
            || (announcement?.hub == nil) != (record.holder == server.name && !isActive),
            isActive || core.phase != .isolated
        {
            let standsDown = record.holder == server.name && !isActive
            announcement = Follower.Announcement(
                epoch: record.epoch, hub: standsDown ? nil : record.holder, reason: record.reason, silence: .zero)
        }
        let isNews =
            announcement != server.news?.announcement || server.news?.pair.epoch != record.epoch
            || server.news?.pair.version != record.version
        guard isNews else { return }
        let news = HubNews(announcement: announcement, pair: record)
        server.news = news
        tellReaders(news, of: server)
        for client in clients {
            let key = SessionKey(owner: client.node, server: server.node, broker: .hub)
            guard sessions[key.index].serverRun == server.run else { continue }
            send(.news(news), over: key, toServer: false, isReliable: true)
        }
    }

    /// As `MachineTable`: the clients that are online and have live sessions to both hubs could vote; where there is none, all
    /// that are online.
    private func see(_ presence: Presence, at server: ServerMachine) {
        server.presences[presence.client.index - 2] = presence
        if let epoch = presence.epoch, server.followed.map({ epoch > $0 }) ?? true {
            server.followed = epoch
            handle(.followed(epoch), at: server)
        }
        let online = server.presences.compactMap { $0 }.filter(\.isOnline)
        let onBothHubs = online.filter { $0.hubsUp == 2 }
        let candidates = (onBothHubs.isEmpty ? online : onBothHubs).map {
            WitnessIdentity(name: client($0.client).name, ballotBox: $0.ballotBox)
        }
        guard candidates != server.candidates else { return }
        server.candidates = candidates
        handle(.candidates(candidates), at: server)
    }
}
