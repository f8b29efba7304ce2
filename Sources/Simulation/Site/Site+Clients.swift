import FailoverCore

/// What `MachineAgent`, `SiteFollower` and `WitnessMachine` do on a client.
extension Site {
    func start(_ client: ClientMachine) {
        client.run += 1
        client.isRunning = true
        client.isHung = false
        client.inbox = []
        client.follower = Follower()
        client.isOnline = false
        client.newestPair = nil
        client.shownEpoch = nil
        client.witness = Witness(
            identity: client.identity, ballot: client.disk.content, at: client.clock.monotonic(at: now))
        script.note(now, client.node, "starts")
        oracles.followers.restarted(client)
        for key in hubSessions(of: client) { open(key) }
        startShow(client)
    }

    /// - Parameter isOrderly: it says goodbye.
    func end(_ client: ClientMachine, isOrderly: Bool) {
        guard client.isRunning else { return }
        client.isRunning = false
        client.isHung = false
        client.inbox = []
        client.witness = nil
        client.disk.crash(keepsFirst: random.chance(0.5))
        for key in hubSessions(of: client) where sessions[key.index].serverRun != nil {
            let isHeard = client.isPowered && isOpen(key.owner, key.server)
            tellServerOfEnd(
                of: key,
                after: isHeard ? random.spanOfAnySize(.microseconds(100) ... .milliseconds(5)) : Self.keepAliveEnds)
        }
        for key in hubSessions(of: client) + controlSessions(of: client) { giveUp(key) }
        endShow(client)
        script.note(now, client.node, isOrderly ? "leaves" : "is gone")
    }

    private func hubSessions(of client: ClientMachine) -> [SessionKey] {
        Node.servers.map { SessionKey(owner: client.node, server: $0, broker: .hub) }
    }

    private func controlSessions(of client: ClientMachine) -> [SessionKey] {
        Node.servers.map { SessionKey(owner: client.node, server: $0, broker: .control) }
    }

    func take(_ parcel: Parcel, at client: ClientMachine) {
        switch parcel {
        case .heartbeat(let letter): handle(.heartbeat(letter.heartbeat), at: client)
        case .news(let news): learn(news, at: client)
        case .ballotSynced(let ballot): handle(.stored(ballot), at: client)
        case .session(let key, let change):
            switch key.broker {
            case .hub: changeHub(key, to: change, at: client)
            case .control: changeControl(key, to: change, at: client)
            case .show: self.change(key, to: change, ofProgramAt: client)
            }
        case .show(let parcel, let key): take(parcel, from: key, at: client)
        case .vote, .will, .presence, .recordSynced, .stopRequested: break
        }
    }

    // MARK: - Following

    private func changeHub(_ key: SessionKey, to change: SessionChange, at client: ClientMachine) {
        let server = server(key.server)
        let shown = client.clock.monotonic(at: now)
        switch change {
        case .opened(let run):
            guard noteOpened(key, run) else { return connect(key) }
            // What the broker retains comes first.
            if let news = server.news { learn(news, at: client) }
            follow(client.follower.linkUp(server.name, at: shown), at: client)
            publishPresence(of: client)
        case .closed:
            if isOpen(key.owner, key.server) {
                tellServerOfEnd(of: key, after: random.spanOfAnySize(.microseconds(100) ... .milliseconds(5)))
            }
            sessions[key.index].serverRun = nil
            client.follower.linkLost(server.name, at: shown)
            publishPresence(of: client)
            connect(key)
        case .refused, .unanswered: connect(key)
        }
    }

    private func learn(_ news: HubNews, at client: ClientMachine) {
        if let announcement = news.announcement {
            follow(client.follower.announced(announcement, at: client.clock.monotonic(at: now)), at: client)
        }
        let pair = news.pair
        if let newest = client.newestPair, (pair.epoch, pair.version) < newest { return }
        client.newestPair = (pair.epoch, pair.version)
        if pair.witnesses.contains(where: { $0.name == client.name }) {
            for key in controlSessions(of: client) { open(key) }
        } else if pair.mode == .paired {
            for key in controlSessions(of: client) { giveUp(key) }
        }
    }

    private func follow(_ outcome: Follower.Outcome, at client: ClientMachine) {
        oracles.followers.check(client, self)
        if client.shownEpoch != client.follower.epoch { publishPresence(of: client) }
        guard case .followed(let change) = outcome, let hub = client.follower.following else { return }
        if let change {
            script.note(now, client.node, "follows \(hub) in epoch \(change.epoch)")
        }
        client.isOnline = true
        publishPresence(of: client)
    }

    private func publishPresence(of client: ClientMachine) {
        let up = hubSessions(of: client).filter { sessions[$0.index].serverRun != nil }
        client.shownEpoch = client.follower.epoch
        let presence = Presence(
            client: client.node, isOnline: client.isOnline, ballotBox: client.identity.ballotBox, hubsUp: up.count,
            epoch: client.follower.epoch)
        for key in up { send(.presence(presence), over: key, toServer: true, isReliable: true) }
    }

    // MARK: - Voting

    private func changeControl(_ key: SessionKey, to change: SessionChange, at client: ClientMachine) {
        let server = server(key.server)
        switch change {
        case .opened(let run): if !noteOpened(key, run) { connect(key) }
        case .closed, .unanswered:
            sessions[key.index].serverRun = nil
            connect(key)
            handle(.linkClosed(server.name, refused: false), at: client)
        case .refused:
            connect(key)
            handle(.linkClosed(server.name, refused: true), at: client)
        }
    }

    func handle(_ event: Witness.Event, at client: ClientMachine) {
        guard let directives = client.witness?.handle(event, at: client.clock.monotonic(at: now)) else { return }
        for directive in directives {
            switch directive {
            case .store(let ballot): write(ballot, at: client)
            case .send(let vote): send(vote, of: client)
            }
        }
        if let deadline = client.witness?.nextDeadline { plan(client, for: deadline) }
    }

    private func send(_ vote: Vote, of client: ClientMachine) {
        let server = vote.candidate == servers[0].name ? Node.main : Node.backup
        if vote.from != client.shownVote {
            script.note(now, client.node, "votes for \(server) from epoch \(vote.from)")
        }
        client.shownVote = vote.from
        let key = SessionKey(owner: client.node, server: server, broker: .control)
        send(.vote(vote), over: key, toServer: true, isReliable: false)
    }

    private func write(_ ballot: Ballot, at client: ClientMachine) {
        let isIdle = client.disk.isIdle
        client.disk.write(ballot)
        if isIdle { writeNext(at: client) }
    }

    private func writeNext(at client: ClientMachine) {
        let crashes = client.disk.crashes
        after(drawWrite(at: client)) { site in
            guard client.disk.crashes == crashes else { return }
            let ballot = client.disk.sync()
            if !client.disk.isIdle { site.writeNext(at: client) }
            site.deliver(.ballotSynced(ballot), to: client)
        }
    }
}
