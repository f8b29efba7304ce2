import FailoverCore

/// How a site moves from one state to the next. The decisions are all the product's own: this is network, disk and time.
struct Steps {
    static let tick = Duration.milliseconds(10)

    /// The product's spans, in the same proportions but in whole ticks, so that time has few different moments.
    static let timing: Timing = {
        var timing = Timing()
        timing.heartbeat = tick
        timing.suspicion = tick * 3
        timing.lease = Lease(milliseconds: 50, marginMilliseconds: 10)
        timing.silenceWithoutWitness = tick * 8
        timing.witnessPatience = tick
        timing.firstWitnessPatience = .zero
        timing.startPatience = tick * 8
        timing.returnDelay = tick * 2
        timing.returnIsSoon = .zero
        timing.pairingDelay = tick
        timing.longestPairingDelay = tick
        timing.handOverPatience = tick * 3
        return timing
    }()

    /// For how many ticks a holder may act on one echo.
    static let leaseTicks = Int(timing.lease.length / tick)

    let bounds: Bounds

    var witnessNodes: [Node] { (0..<bounds.witnesses).map(Node.witness) }

    static func moment(_ state: SiteState) -> Moment {
        // The wall clock stands: no rule may depend on it. But a server that comes back without its store relies on time
        // having passed since its epochs were used (`Epoch.floor`), far more than a search lasts.
        Moment(
            monotonic: MonotonicTime(nanoseconds: 1_000_000_000) + tick * state.ticks,
            wall: Timestamp(millisecondsSince1970: 86_400_000 * Int64(state.lostStores)))
    }

    static func address(_ node: Node) -> ServerAddress {
        ServerAddress(name: MachineName(node.description)!, address: "", port: 1, controlPort: 2)
    }

    static func identity(_ witness: Int, losses: Int = 0) -> WitnessIdentity {
        WitnessIdentity(name: MachineName(Node.witness(witness).description)!, ballotBox: "\(losses)")
    }

    static let operatorName = MachineName("engineer")!

    // MARK: - What can happen

    func actions(in state: SiteState) -> [Action] {
        // One node after the other takes what waits for it, in any order of its own: most orders between nodes lead to
        // the same state.
        var actions = state.order.lazy.map { work(of: $0, in: state) }.first { !$0.isEmpty } ?? []
        // Time passes when all that can arrive has arrived; what is late goes over a way that is cut for a while.
        // A coordinator whose brokers died dies with them, within that time.
        let dying = Node.servers.filter { state.servers[$0]?.areBrokersDead == true && isRunning($0, state) }
        actions += dying.map(Action.crash)
        if actions.isEmpty, state.ticks < state.lastTick { actions.append(.tick) }
        for node in Node.servers {
            guard let server = state.servers[node] else { continue }
            if server.core == nil { actions.append(.restart(node)) }
            if server.isHung { actions.append(.wake(node)) }
            if state.isolated.contains(node) { actions.append(.rejoin(node)) }
        }
        actions += state.cuts.map(Action.heal)
        for index in state.voters.indices where state.voters[index].isGone { actions.append(.comeBack(witness: index)) }
        if state.faults < bounds.faults, state.ticks - state.firstTick < bounds.faultTicks {
            actions += bounds.kinds.flatMap { faults($0, in: state) }
        }
        return actions
    }

    private func work(of node: Node, in state: SiteState) -> [Action] {
        guard isRunning(node, state) else { return [] }
        let arrived = state.underWay.keys.filter { $0.to == node && isOpen($0, in: state) }.map(Action.deliver)
        let isWriting: Bool =
            if case .witness(let index) = node { !state.voters[index].unsynced.isEmpty } else {
                state.servers[node]?.unsynced.isEmpty == false
            }
        return arrived + (isWriting ? [.sync(node)] : [])
    }

    private func faults(_ kind: FaultKind, in state: SiteState) -> [Action] {
        let up = Node.servers.filter { state.servers[$0]?.core != nil }
        let well = up.filter { state.servers[$0]?.isHung == false }
        let ways = up.flatMap { node in ([node.other] + witnessNodes).map { Channel(from: node, to: $0) } }
        switch kind {
        case .cuts: return ways.filter { !state.cuts.contains($0) }.map(Action.cut)
        case .partings:
            let present = witnessNodes.indices.filter { !state.voters[$0].isGone }
            return up.flatMap { node in
                present.filter { !isParted(node, from: $0, in: state) }.map { .part(node, witness: $0) }
            }
        case .isolation: return up.filter { !state.isolated.contains($0) }.map(Action.isolate)
        case .crashes:
            let isWriting = { (node: Node) in state.servers[node]?.unsynced.isEmpty == false }
            let present = witnessNodes.indices.filter { !state.voters[$0].isGone }.map(Node.witness)
            return (up + present).map(Action.crash) + up.filter(isWriting).map(Action.crashAfterWrite)
        case .hangs: return well.map(Action.hang)
        case .refusals: return ways.filter { !state.cuts.contains($0) }.map(Action.falselyRefuse)
        case .stores:
            let down = Node.servers.filter { state.servers[$0]?.core == nil && state.servers[$0]?.disk != nil }
            return down.map(Action.loseStore)
        case .brokers: return up.filter { state.servers[$0]?.areBrokersDead == false }.map(Action.brokersDie)
        case .repeats:
            let arriving = state.underWay.keys.filter { isOpen($0, in: state) && isRunning($0.to, state) }
            return arriving.map(Action.arriveTwice)
        case .witnesses:
            let present = state.voters.indices.filter { !state.voters[$0].isGone }
            return present.flatMap { [.leave(witness: $0), .loseVotes(witness: $0)] }
        case .stops: return well.map(Action.stop)
        case .orders:
            let idle = well.filter { state.servers[$0]?.core?.isFollowingOrder == false }
            return idle.flatMap { node in
                let other = Self.address(node.other).name
                let isRemoved = state.servers[node]?.core?.record?.mode == .single
                let orders: [Order] =
                    isRemoved
                    ? [.addBackup(Self.address(.backup).name)] : [.switchOver(to: other), .stopSite, .removeBackup]
                return orders.map { Action.order(node, $0) }
            }
        case .force:
            return well.filter { state.servers[$0]?.core?.isFollowingOrder == false }.map { .order($0, .force) }
        }
    }

    private func isOpen(_ channel: Channel, in state: SiteState) -> Bool {
        !state.cuts.contains(channel) && !state.isolated.contains(channel.from)
            && !state.isolated.contains(channel.to) && isRunning(channel.to, state)
    }

    private func isRunning(_ node: Node, _ state: SiteState) -> Bool {
        if case .witness(let index) = node { return !state.voters[index].isGone }
        return state.servers[node]?.core != nil && state.servers[node]?.isHung == false
    }

    /// Whether it counts against the bound. That a coordinator follows its brokers into death belongs to their fault.
    private func isFault(_ action: Action, in state: SiteState) -> Bool {
        switch action {
        case .tick, .deliver, .sync, .comeBack, .restart, .wake, .heal, .rejoin: false
        case .crash(let node): state.servers[node]?.areBrokersDead != true
        default: true
        }
    }

    // MARK: - What it does

    func apply(_ action: Action, to state: inout SiteState) {
        if isFault(action, in: state) {
            state.faults += 1
            state.history.begins(action)
        }
        switch action {
        case .tick:
            state.ticks += 1
            state.history.reaches(state.ticks)
            for node in Node.servers where isRunning(node, state) { handle(.timePassed, at: node, &state) }
            for index in state.voters.indices where !state.voters[index].isGone {
                handle(.timePassed, atWitness: index, &state)
            }
        case .arriveTwice(let channel):
            if let parcel = state.underWay[channel]?.first { deliver(parcel, over: channel, &state) }
        case .deliver(let channel):
            guard var parcels = state.underWay[channel], !parcels.isEmpty else { return }
            let parcel = parcels.removeFirst()
            state.underWay[channel] = parcels.isEmpty ? nil : parcels
            deliver(parcel, over: channel, &state)
        case .sync(let node): sync(node, &state)
        case .crash(let node): crash(node, &state)
        case .crashAfterWrite(let node):
            if let record = state.servers[node]?.unsynced.first { state.servers[node]?.disk = record }
            crash(node, &state)
        case .loseStore(let node):
            state.servers[node]?.disk = nil
            state.lostStores += 1
        case .hang(let node):
            state.servers[node]?.isHung = true
        case .cut(let channel): reroute(&state) { $0.cuts.insert(channel) }
        case .part(let node, let index):
            let witness = Node.witness(index)
            reroute(&state) {
                $0.cuts.formUnion([Channel(from: node, to: witness), Channel(from: witness, to: node)])
            }
        case .isolate(let node):
            state.isolated.insert(node)
        case .falselyRefuse(let channel):
            deliver(.refused, over: channel, &state)
        case .stop(let node):
            handle(.stopRequested, at: node, &state)
        case .order(let node, let order):
            handle(.ordered(order, by: Self.operatorName), at: node, &state)
        case .brokersDie(let node):
            state.servers[node]?.areBrokersDead = true
            announceEnd(of: node, &state)
        case .leave(let index):
            state.voters[index].isGone = true
            for channel in state.underWay.keys where channel.to == .witness(index) { state.underWay[channel] = nil }
            showCandidates(&state)
        case .loseVotes(let index):
            let losses = state.voters[index].losses + 1
            let identity = Self.identity(index, losses: losses)
            state.voters[index] = .init(
                core: Witness(identity: identity, ballot: nil, timing: Self.timing, at: Self.moment(state).monotonic),
                losses: losses)
            showCandidates(&state)
        case .comeBack(let index):
            state.voters[index].isGone = false
            crash(.witness(index), &state)
            showCandidates(&state)
        case .restart(let node): start(node, &state)
        case .wake(let node):
            state.servers[node]?.isHung = false
            handle(.candidates(candidates(of: node, in: state)), at: node, &state)
        case .heal(let channel): reroute(&state) { $0.cuts.remove(channel) }
        case .rejoin(let node): state.isolated.remove(node)
        }
    }

    func start(_ node: Node, _ state: inout SiteState) {
        var server = state.servers[node] ?? .init()
        server.runs += 1
        server.core = Coordinator(
            identity: .init(
                role: node == .main ? .main : .backup, address: Self.address(node), session: "\(node)\(server.runs)",
                hasPeer: true), record: server.disk, timing: Self.timing, at: Self.moment(state))
        state.servers[node] = server
        handle(.candidates(candidates(of: node, in: state)), at: node, &state)
    }

    /// The clients that could vote, as a server's own hub broker has them: those that reach both servers, and others only
    /// where there is none.
    private func candidates(of node: Node, in state: SiteState) -> [WitnessIdentity] {
        let present = state.voters.indices.filter { !state.voters[$0].isGone && !isParted(node, from: $0, in: state) }
        let onBothHubs = present.filter { !isParted(node.other, from: $0, in: state) }
        return (onBothHubs.isEmpty ? present : onBothHubs).map { state.voters[$0].core.identity }
    }

    private func isParted(_ node: Node, from index: Int, in state: SiteState) -> Bool {
        let witness = Node.witness(index)
        return state.cuts.isSuperset(of: [Channel(from: node, to: witness), Channel(from: witness, to: node)])
    }

    /// Cuts ways, or opens them, and tells the servers when other clients could vote now.
    private func reroute(_ state: inout SiteState, _ change: (inout SiteState) -> Void) {
        let before = Node.servers.map { candidates(of: $0, in: state) }
        change(&state)
        for (node, known) in zip(Node.servers, before) where isRunning(node, state) {
            let present = candidates(of: node, in: state)
            if present != known { handle(.candidates(present), at: node, &state) }
        }
    }

    /// What a server's own hub broker tells it of the clients.
    private func showCandidates(_ state: inout SiteState) {
        for node in Node.servers where isRunning(node, state) {
            handle(.candidates(candidates(of: node, in: state)), at: node, &state)
        }
    }

    private func crash(_ node: Node, _ state: inout SiteState) {
        if case .witness(let index) = node {
            var voter = state.voters[index]
            voter.core = Witness(
                identity: voter.core.identity, ballot: voter.disk, timing: Self.timing, at: Self.moment(state).monotonic
            )
            voter.unsynced = []
            state.voters[index] = voter
            return
        }
        noteEnd(of: node, &state)
        state.servers[node]?.core = nil
        state.servers[node]?.unsynced = []
        state.servers[node]?.isHung = false
        state.servers[node]?.areBrokersDead = false
        for channel in state.underWay.keys where channel.to == node { state.underWay[channel] = nil }
        announceEnd(of: node, &state)
    }

    /// Whoever had a session with a server's control broker sees it closed, and the next one refused.
    private func announceEnd(of node: Node, _ state: inout SiteState) {
        for receiver in [node.other] + witnessNodes { send(.refused, from: node, to: receiver, &state) }
    }

    private func sync(_ node: Node, _ state: inout SiteState) {
        if case .witness(let index) = node {
            let ballot = state.voters[index].unsynced.removeFirst()
            state.voters[index].disk = ballot
            handle(.stored(ballot), atWitness: index, &state)
        } else if let record = state.servers[node]?.unsynced.removeFirst() {
            state.servers[node]?.disk = record
            handle(.stored(record), at: node, &state)
        }
    }

    private func deliver(_ parcel: Parcel, over channel: Channel, _ state: inout SiteState) {
        switch (channel.to, parcel) {
        case (.witness(let index), .heartbeat(let heartbeat)): handle(.heartbeat(heartbeat), atWitness: index, &state)
        case (.witness(let index), .refused):
            handle(.linkClosed(Self.address(channel.from).name, refused: true), atWitness: index, &state)
        case (.witness, .vote): break
        case (_, .heartbeat(let heartbeat)): handle(.heartbeat(heartbeat), at: channel.to, &state)
        case (_, .vote) where state.servers[channel.to]?.areBrokersDead == true: break
        case (_, .vote(let vote)): handle(.vote(vote), at: channel.to, &state)
        case (_, .refused): handle(.linkRefused, at: channel.to, &state)
        }
    }

    /// A newer message takes the place of an older one of its kind, which is lost; over a way that is cut the older one
    /// stays under way, and arrives late.
    private func send(_ parcel: Parcel, from: Node, to: Node, _ state: inout SiteState) {
        // What a server says lies on its own broker; that nobody listens there any more can be seen all the same.
        if case .heartbeat = parcel, state.servers[from]?.areBrokersDead == true { return }
        let channel = Channel(from: from, to: to)
        let isCut = state.cuts.contains(channel) || state.isolated.contains(from) || state.isolated.contains(to)
        if let waiting = state.underWay[channel], !waiting.isEmpty {
            if !isCut { state.underWay[channel] = [parcel] }
        } else if state.servers[to] == nil || state.servers[to]?.core != nil {
            state.underWay[channel] = [parcel]
        }
    }

    private func handle(_ event: Coordinator.Event, at node: Node, _ state: inout SiteState) {
        let moment = Self.moment(state)
        guard let directives = state.servers[node]?.core?.handle(event, at: moment) else { return }
        for directive in directives {
            switch directive {
            case .store(let record):
                if record.reason != .started, record.holder == Self.address(node).name,
                    let before = state.servers[node]?.disk,
                    before.mode == .paired, before.witnesses.isEmpty
                {
                    state.history.beginsUnasked()
                }
                state.servers[node]?.unsynced.append(record)
            case .send(let heartbeat):
                for receiver in [node.other] + witnessNodes {
                    send(.heartbeat(heartbeat), from: node, to: receiver, &state)
                }
            case .readyToStop:
                noteEnd(of: node, &state)
                state.servers[node]?.core = nil
                state.servers[node]?.unsynced = []
                return
            // Copies are searched elsewhere; here they are there at once.
            case .mark(let session): handle(.copied(session: session), at: node, &state)
            case .refuseStart, .answer: break
            }
        }
        noteWinner(node, &state)
    }

    private func handle(_ event: Witness.Event, atWitness index: Int, _ state: inout SiteState) {
        let now = Self.moment(state).monotonic
        for directive in state.voters[index].core.handle(event, at: now) {
            switch directive {
            case .store(let ballot): state.voters[index].unsynced.append(ballot)
            case .send(let vote):
                for node in Node.servers where Self.address(node).name == vote.candidate {
                    send(.vote(vote), from: .witness(index), to: node, &state)
                }
            }
        }
    }

    private func noteWinner(_ node: Node, _ state: inout SiteState) {
        guard let core = state.servers[node]?.core, core.isActive, let record = core.record else { return }
        state.history.acts(core.identity.session, in: record.epoch)
    }

    private func noteEnd(of node: Node, _ state: inout SiteState) {
        if let core = state.servers[node]?.core { state.history.ends(core.identity.session, at: state.ticks) }
    }
}
