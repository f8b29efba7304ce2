extension Site {
    /// All sessions that there can be.
    var sessionKeys: [SessionKey] {
        let serverSessions = Node.servers.flatMap { server in
            [SessionKey.Broker.control, .show].map { SessionKey(owner: server, server: server.other, broker: $0) }
        }
        return serverSessions
            + clients.flatMap { client in
                Node.servers.flatMap { server in
                    [
                        SessionKey(owner: client.node, server: server, broker: .hub),
                        SessionKey(owner: client.node, server: server, broker: .control),
                        SessionKey(owner: client.node, server: server, broker: .show),
                    ]
                }
            }
    }

    // MARK: - Opening

    func open(_ key: SessionKey) {
        guard !sessions[key.index].isWanted else { return }
        sessions[key.index].isWanted = true
        connect(key)
    }

    /// Its owner's process has ended, or wants it no more.
    func giveUp(_ key: SessionKey) {
        let session = sessions[key.index]
        // Its refusals are those of a fault, and its count is never used again.
        sessions[key.index] = Session()
        sessions[key.index].refusals = session.refusals
        sessions[key.index].connections = session.connections
        sessions[key.index].attempts = session.attempts + 1
    }

    func connect(_ key: SessionKey) {
        sessions[key.index].attempts += 1
        let attempt = sessions[key.index].attempts
        let there = ways[way(key.owner, key.server)].draw(&random)
        let back = ways[way(key.server, key.owner)].draw(&random)
        after(sessions[key.index].nextPause() + there + back) { $0.answer(key, attempt: attempt) }
    }

    private func answer(_ key: SessionKey, attempt: Int) {
        let owner = machine(key.owner)
        guard sessions[key.index].attempts == attempt, sessions[key.index].isWanted, owner.isRunning else { return }
        let server = server(key.server)
        guard server.isPowered, isOpenBothWays(key.owner, key.server) else {
            after(.seconds(1)) { site in
                guard site.sessions[key.index].attempts == attempt else { return }
                site.deliver(.session(key, .unanswered), to: owner)
            }
            return
        }
        let isRefused = !server.isRunning || sessions[key.index].refusals > 0
        deliver(.session(key, isRefused ? .refused : .opened(serverRun: server.run)), to: owner)
    }

    // MARK: - Closing

    /// Closes a session under its owner's hands; it comes back by itself.
    func close(_ key: SessionKey, after span: Span) {
        let connection = sessions[key.index].connections
        after(span) { site in
            guard site.sessions[key.index].serverRun != nil, site.sessions[key.index].connections == connection else {
                return
            }
            site.sessions[key.index].endedConnection = connection
            site.deliver(.session(key, .closed), to: site.machine(key.owner))
        }
    }

    /// Looks whether a session should have ended: the run that it is open with is gone, or the way is cut. A process that
    /// ends closes its connections; of a lost machine or way only silence tells.
    func review(_ key: SessionKey) {
        let session = sessions[key.index]
        guard let serverRun = session.serverRun else { return }
        let server = server(key.server)
        let isGone = !server.isRunning || server.run != serverRun
        let isReachable = server.isPowered && isOpenBothWays(key.owner, key.server)
        if isGone, isReachable {
            close(key, after: random.spanOfAnySize(.microseconds(100) ... .milliseconds(5)))
        } else if !isReachable {
            // A client misses the echo of its own heartbeats; on the control brokers MQTT's keep-alive of 5 s tells.
            let patience =
                key.broker == .hub ? Span.milliseconds(2500) ... .milliseconds(3500) : .seconds(5) ... .seconds(10)
            let connection = session.connections
            after(random.span(patience)) { site in
                guard site.sessions[key.index].serverRun == serverRun,
                    site.sessions[key.index].connections == connection
                else { return }
                let isStillLost = !server.isPowered || !site.isOpenBothWays(key.owner, key.server)
                if isStillLost { site.close(key, after: .zero) } else { site.review(key) }
            }
        }
    }

    /// The same for all sessions that `isConcerned` picks.
    func reviewSessions(where isConcerned: (SessionKey) -> Bool) {
        for key in sessionKeys where isConcerned(key) { review(key) }
    }

    /// What the server's broker notices of the end of a session: a will, or a client that is lost. At once when a
    /// process ended or the connection was closed; after one and a half keep-alives of 5 s when nothing can be heard.
    func tellServerOfEnd(of key: SessionKey, after span: Span) {
        let server = server(key.server)
        let run = (owner: machine(key.owner).run, server: server.run)
        let connection = sessions[key.index].connections
        after(span) { site in
            guard server.run == run.server else { return }
            let owner = site.machine(key.owner)
            let session = site.sessions[key.index]
            let isSame = owner.run == run.owner && owner.isRunning && session.connections == connection
            guard !isSame || session.serverRun == nil || !site.isOpen(key.owner, key.server) else { return }
            switch key.broker {
            case .hub:
                // A newer connection has said that it is there.
                guard isSame || !owner.isRunning || session.serverRun == nil else { return }
                let absence = Presence(client: key.owner, isOnline: false, ballotBox: "", hubsUp: 0, epoch: nil)
                site.deliver(.presence(absence), to: server)
            case .control:
                guard key.owner.isServer else { return }
                site.deliver(.will(session: site.sessionName(key.owner, run: run.owner)), to: server)
            case .show: break
            }
            // The broker has ended it; its owner finds that out.
            if isSame { site.close(key, after: .zero) }
        }
    }

    static let keepAliveEnds = Span.milliseconds(7500)

    func sessionName(_ server: Node, run: Int32) -> String { "\(server)#\(run)" }
}
