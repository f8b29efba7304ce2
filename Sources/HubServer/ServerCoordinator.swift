import Discovery
import FailoverCore
import HubClient
import HubProtocol
import License
import LocalState
import Logging
import MQTTSession
import Replication
import StateStore

/// The shell around `Coordinator`: turns sessions, timers and the store into its events, and its directives into
/// messages and writes.
@SessionLoop
final class ServerCoordinator {
    /// What only the whole server can answer.
    enum Outcome: Sendable {
        case readyToStop
        case failed(any Error)
    }

    private let options: ServerOptions
    private let identity: Coordinator.Identity
    private let secret: String
    private let store: RecordStore
    private let replicator: ServerReplicator
    private let log: Logger
    private let onlyAddress: String?
    private let onAnnouncement: @SessionLoop (ServerAnnouncement) -> Void
    private let onOutcome: @SessionLoop (Outcome) -> Void

    private var coordinator: Coordinator
    private var history: HubHistory
    private var machines = MachineTable()
    private var candidates: [WitnessIdentity] = []
    private var followed: Epoch?
    /// What the last heartbeat asked for.
    private var asked: Claim?
    private let licenses: ServerLicenses
    private var board: HubBoard
    private var desk: CommandDesk!
    private var control: Session!
    private var peerControl: ReconnectingSession?
    private var agent: MachineAgent!
    private let timer = LoopTimer()
    private let retry = LoopTimer()
    private let tableTimer = LoopTimer()
    private var hasEnded = false
    /// This run was active, or worked with the other server.
    private var hasServed = false
    private var storeError: StateStoreError?
    /// What the replicator knows of who decides here.
    private struct Standing: Equatable {
        var confirmsAlone: Bool
        var epoch: Epoch
        var isHolder: Bool
        var marksFor: String?
    }
    private var told: Standing?
    private var announced: ServerAnnouncement?
    /// Why this server stops by itself, once it was relieved.
    private var stopsFor: ServerError?

    init(
        _ options: ServerOptions, address: ServerAddress, onlyAddress: String?, session: String, secret: String,
        stored: RecordStore.Content?, store: RecordStore, replicator: ServerReplicator, hub: Broker,
        hubClock: ProcessClock?,
        control: Broker, log: Logger,
        onAnnouncement: @escaping @SessionLoop (ServerAnnouncement) -> Void,
        onOutcome: @escaping @SessionLoop (Outcome) -> Void
    ) {
        self.options = options
        self.secret = secret
        self.store = store
        self.log = log
        self.onlyAddress = onlyAddress
        self.onAnnouncement = onAnnouncement
        self.onOutcome = onOutcome
        self.replicator = replicator
        identity = Coordinator.Identity(
            role: options.role, address: address, session: session, hasPeer: options.peer != nil,
            returnsAutomatically: options.returns == .auto)
        coordinator = Coordinator(identity: identity, record: stored?.record, timing: options.timing, at: .now)
        history = stored?.history ?? HubHistory()
        licenses = ServerLicenses(options, log: log)
        board = HubBoard()
        board.onMessage = { [weak self] in self?.received($0) }
        board.onFailure = { [weak self] in self?.fail(.brokerUnreachable(kind: "hub", cause: $0)) }
        board.onSilence = { [weak self] in
            self?.stopsFor = .brokerUnreachable(kind: "hub", cause: "it was silent for a second")
            self?.handle(.stopRequested)
        }
        desk = CommandDesk(own: options.name, log: log) { [weak self] in
            self?.board.send($0)
        } objection: { [weak self] in
            self?.objection(to: $0)
        } give: { [weak self] in
            self?.handle(.ordered($0, by: $1))
        }
        board.open(hub.endpoint, clientID: "\(options.name)-board-\(secret)", clock: hubClock)
        self.control = Session(
            .init(endpoint: control.endpoint, clientID: "\(options.name)-control-\(secret)")
        ) { [weak self] in self?.handle($0) }
        agent = MachineAgent(
            .init(
                name: options.name, role: options.role, session: session, secret: secret, address: address.address,
                version: Version.current, license: options.license?.license.type.rawValue)
        ) { [weak self] in self?.handle($0) }
        licenses.onNews = { [weak self] in self?.publish() }
        self.control.open()
        agent.connect(ownSide, to: hub.endpoint, hub: options.name)
        attach(replicator)
        if let peer = options.peer {
            let endpoint = Endpoint.tcp(host: peer.host, port: peer.port)
            agent.connect(peerSide, to: endpoint)
            replicator.connect(to: endpoint)
        }
    }

    private func attach(_ replicator: ServerReplicator) {
        replicator.onCopied = { [weak self] in self?.handle(Coordinator.Event.copied(session: $0)) }
        replicator.onFailure = { [weak self] in self?.fail(.brokerUnreachable(kind: "hub", cause: $0)) }
        replicator.onConflicts = { [weak self] in self?.board.publish(.hubConflicts, $0) }
        replicator.onStatus = { [weak self] status in
            guard let self, !self.hasEnded else { return }
            if let error = status.storeError, error != self.storeError { self.log.error("\(error)") }
            self.storeError = status.storeError
            self.publish()
        }
    }

    /// Stops in good order; `readyToStop` follows.
    func requestStop() { handle(.stopRequested) }

    /// Says goodbye to the site, after `readyToStop`.
    func leave() async {
        await agent.leave()
        hasEnded = true
        timer.cancel()
        peerControl?.stop()
        replicator.stop()
    }

    private var ownSide: MachineAgent.Side { options.role == .main ? .main : .backup }
    private var peerSide: MachineAgent.Side { options.role == .main ? .backup : .main }

    // MARK: - Core

    private func handle(_ event: Coordinator.Event) {
        guard !hasEnded else { return }
        let wasActive = coordinator.isActive
        let directives = coordinator.handle(event, at: .now)
        // What is active is told first; a heartbeat or a write may wait that long.
        publish()
        for directive in directives { carryOut(directive) }
        tellReplicator()
        if coordinator.isActive != wasActive { noteActivation() }
        hasServed = hasServed || coordinator.isActive || coordinator.isPeerHealthy
        timer.schedule(after: max(.zero, coordinator.nextDeadline - .now)) { [weak self] in
            self?.handle(Coordinator.Event.timePassed)
        }
    }

    private func tellReplicator() {
        let standing = Standing(
            confirmsAlone: coordinator.confirmsAlone(at: .now), epoch: coordinator.record?.epoch ?? Epoch(0),
            isHolder: coordinator.record?.holder == options.name,
            marksFor: coordinator.marksFor)
        guard standing != told else { return }
        if standing.marksFor == nil, told?.marksFor != nil { replicator.handle(.markForgotten) }
        told = standing
        replicator.handle(
            .standing(confirmsAlone: standing.confirmsAlone, standing.epoch, isHolder: standing.isHolder))
    }

    private func carryOut(_ directive: Coordinator.Directive) {
        switch directive {
        case .send(let heartbeat):
            note(heartbeat.claim)
            control.publish(
                Publication(
                    topic: Topic.electionHeartbeat(options.name).name, payload: heartbeat.encoded, quality: .atMostOnce)
            )
        case .store(let record):
            history.note(record)
            write(record)
        case .mark(let session):
            guard stopsFor != nil else { return replicator.handle(.mark(session: session)) }
            // The answer would come through the hub broker that hangs. The pair has all that was confirmed without it.
            Task { @SessionLoop in self.handle(Coordinator.Event.copied(session: session)) }
        case .readyToStop:
            if let stopsFor { fail(stopsFor) } else { onOutcome(.readyToStop) }
        case .answer(let answer): desk.answered(answer)
        case .refuseStart:
            end(.failed(ServerError.placeTaken(role: options.role, by: peerName ?? options.name)))
        }
    }

    /// A server that acts goes on while its disk is full, within its lease, and tries again.
    private func write(_ record: Record) {
        retry.cancel()
        store.write(record, history) { error in
            Task { @SessionLoop [weak self] in
                guard let self, !self.hasEnded else { return }
                guard let error else { return self.handle(.stored(record)) }
                guard self.coordinator.isActive else { return self.end(.failed(error)) }
                self.log.error("\(error)")
                self.retry.schedule(after: .seconds(1)) { [weak self] in self?.write(record) }
            }
        }
    }

    private func note(_ claim: Claim?) {
        if let claim, claim != asked {
            log.debug("asks for epoch \(claim.epoch) (\(claim.reason.rawValue): \(claim.evidence))")
        }
        asked = claim
    }

    private func noteActivation() {
        guard let record = coordinator.record else { return }
        if coordinator.isActive {
            log.info("epoch \(record.epoch): this hub is active (\(record.reason.rawValue): \(record.evidence))")
            markPeerLost()
        } else {
            // This server acts no longer than its lease, also when it was too busy or asleep to say so in time.
            let late = coordinator.leaseEnd.map { MonotonicTime.now - $0 } ?? .zero
            let ended = late > .zero ? "; its lease ended \((late.inMilliseconds * 1000).rounded() / 1000) ms ago" : ""
            log.info("epoch \(record.epoch): this hub stands down\(ended)")
        }
    }

    /// A will takes seconds to come from a machine that hangs; this server knows already.
    private func markPeerLost() {
        // One that stops in good order says so itself.
        guard [.mainLost, .backupLost].contains(coordinator.record?.reason), !coordinator.isPeerHealthy else { return }
        machines.read()
        guard let peer = peerName, let status = machines.statuses[peer], status.state == .online,
            status.session == coordinator.peerSession
        else { return }
        board.send(.machine(peer, .status), status.with(.lost))
    }

    private var peerName: MachineName? { agent.hub(at: peerSide) }

    // MARK: - What is published

    private func publish() {
        let record = coordinator.record
        // It first appears when this server knows who acts, and says from then on that this one has stood down.
        if let record, coordinator.phase != .isolated || coordinator.isActive || board.says(.hubActive) {
            board.publish(
                .hubActive,
                HubActive(record: record, standsDown: record.holder == options.name && !coordinator.isActive))
        }
        board.publish(
            .hubPair,
            HubPair(
                record: record, own: identity.address, role: options.role, isPairing: coordinator.canPair,
                returns: options.returns))
        let replication = replicator.status
        let readiness = Readiness(
            coordinator, machines: machines, replication: replication, licenses: licenses.findings(at: .now))
        board.publish(
            .hubState,
            HubState(
                epoch: record?.epoch, phase: coordinator.phase, hasPair: coordinator.hasPair,
                missing: readiness.missing, warnings: readiness.warnings,
                messagesBehind: coordinator.hasPair ? replication.replication.messagesBehind : nil))
        board.publish(.hubHistory, history)
        board.publish(
            .hubServer,
            HubServer(
                role: options.role, session: identity.session, address: identity.address,
                license: options.license?.token))
        announce()
    }

    /// What others can find out of this server before they know its address.
    private func announce() {
        let record = coordinator.record
        let announcement = ServerAnnouncement(
            name: options.name, role: options.role,
            site: options.role == .main ? options.name : record?.main?.name ?? peerName,
            isPaired: record?.mode == .paired, address: onlyAddress, port: options.port)
        guard announcement != announced else { return }
        announced = announcement
        onAnnouncement(announcement)
    }

    // MARK: - What arrives

    /// On the own hub broker.
    private func received(_ message: Message) {
        switch Topic(name: message.topic) {
        case .machine(let machine, let item) where item == .status || item == .links:
            machines.note(item, of: machine, message.payload)
        case .command(let user, let command): return desk.received(command, from: user, message)
        case nil:
            guard let user = Topic.user(ofCommand: message.topic) else { return }
            return desk.received(nil, from: user, message)
        default: return
        }
        guard !tableTimer.isScheduled else { return }
        tableTimer.schedule(after: .milliseconds(20)) { [weak self] in self?.machinesChanged() }
    }

    private func machinesChanged() {
        guard !hasEnded else { return }
        machines.read()
        if let epoch = machines.highestEpoch, epoch != followed {
            followed = epoch
            handle(.followed(epoch))
        }
        let seen = machines.candidates
        guard seen != candidates else { return publish() }
        candidates = seen
        handle(.candidates(seen))
    }

    /// Clients that do not reach the other hub would be left behind by a switchover.
    private func objection(to order: Order) -> CommandResponse? {
        guard case .switchOver(let target) = order, target != options.name, target == peerName else { return nil }
        machines.read()
        let left = machines.clientsWithout(target).sorted()
        guard !left.isEmpty else { return nil }
        let names = left.prefix(5).map(\.description).joined(separator: ", ") + (left.count > 5 ? ", …" : "")
        return .refused(
            .notSafe,
            "\(left.count == 1 ? "one client does" : "\(left.count) clients do") not reach the hub of \(target) (\(names)), and "
                + "would be left without one. Mend their network, or force it.")
    }

    /// On the own control broker.
    private func handle(_ event: Session.Event) {
        switch event {
        case .opened:
            control.subscribe(TopicFilter.electionWills)
            control.subscribe(TopicFilter.electionVotes(for: options.name))
            handle(Coordinator.Event.timePassed)
        case .message(let message):
            switch Topic(name: message.topic) {
            case .electionWill(let machine) where machine == peerName:
                if let will = try? ElectionWill(decoding: message.payload) { handle(.will(session: will.session)) }
            case .electionVote(_, let witness):
                guard let vote = try? Vote(decoding: message.payload), vote.witness.name == witness else { return }
                log.debug("\(witness) votes for this server, from epoch \(vote.from)")
                handle(.vote(vote))
            default: break
            }
        case .closed(let reason): fail(.brokerUnreachable(kind: "control", cause: "\(reason)"))
        }
    }

    private func handle(_ event: MachineAgent.Event) {
        switch event {
        case .server(let server, let side) where side == peerSide: meet(server)
        case .unreachable(let side, .connectionRefused) where side == peerSide && peerControl == nil:
            handle(.linkRefused)
        case .nameTaken(let other): fail(.nameTaken(name: options.name, address: other.address))
        case .ignored(let topic, let cause): log.warning("ignored a message on \(topic): \(cause)")
        default: break
        }
    }

    /// The other server has said who it is, and where its control broker listens.
    private func meet(_ server: HubServer) {
        guard let peer = options.peer else { return }
        let address = "\(Endpoint.tcp(host: peer.host, port: peer.port))"
        guard server.session != identity.session, server.name != options.name else {
            return refuse(.sameServer(address: address))
        }
        guard server.role != options.role else {
            return refuse(.sameRole(role: server.role, other: server.name, address: address))
        }
        licenses.peer(server.name, shows: server.license)
        let endpoint = Endpoint.tcp(host: peer.host, port: server.controlPort)
        if let peerControl {
            if peerControl.endpoint != endpoint { peerControl.reconnect(to: endpoint) }
            return
        }
        let will = Publication(
            topic: Topic.electionWill(options.name).name, payload: ElectionWill(session: identity.session).encoded)
        peerControl = ReconnectingSession(
            .init(endpoint: endpoint, clientID: "\(options.name)-election-\(secret)", will: will), backoff: .ofElection
        ) { [weak self] in self?.handle($0) }
        peerControl?.start()
    }

    /// A server that has just started leaves; one that works stays, and the other one is nobody to it.
    private func refuse(_ error: ServerError) {
        if hasServed { log.error("\(error)") } else { fail(error) }
    }

    /// On the other server's control broker.
    private func handle(_ event: ReconnectingSession.Event) {
        switch event {
        case .up:
            peerControl?.session?.subscribe(TopicFilter.electionHeartbeats)
            handle(.linkOpened)
        case .message(let message):
            guard case .electionHeartbeat = Topic(name: message.topic) else { return }
            do {
                handle(.heartbeat(try ElectionHeartbeat(decoding: message.payload)))
            } catch {
                log.warning("ignored a heartbeat: \(error)")
            }
        case .down(let reason):
            log.debug("\(peerName?.description ?? "the other server") is not heard any more: \(reason)")
            handle(reason == .connectionRefused ? .linkRefused : .linkClosed)
        }
    }

    // MARK: - The end

    private func fail(_ error: ServerError) { end(.failed(error)) }

    private func end(_ outcome: Outcome) {
        guard !hasEnded else { return }
        hasEnded = true
        timer.cancel()
        onOutcome(outcome)
    }
}
