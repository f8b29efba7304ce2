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
        /// This server becomes the Backup of that Main, and begins anew.
        case joins(ServerAddress)
        case failed(any Error)
    }

    let options: ServerOptions
    let identity: Coordinator.Identity
    private let store: RecordStore
    let replicator: ServerReplicator
    let log: Logger
    let onlyAddress: String?
    let onAnnouncement: @SessionLoop (ServerAnnouncement) -> Void
    private let onOutcome: @SessionLoop (Outcome) -> Void

    private(set) var coordinator: Coordinator
    private(set) var history: HubHistory
    private let auditTimer = LoopTimer()
    /// What the other hub said of its past, until it is read.
    private var othersHistory: [UInt8]?
    private let historyTimer = LoopTimer()
    var machines = MachineTable()
    private var candidates: [WitnessIdentity] = []
    private var followed: Epoch?
    /// What the last heartbeat asked for.
    private var asked: Claim?
    let licenses: ServerLicenses
    /// `nil`: the site has none.
    let keys: ServerKeys?
    let files: ServerFiles
    /// `nil`: this is no Main server.
    private(set) var shows: ShowDesk?
    /// Where the other server's files lie, if it is Main and has said so.
    private(set) var mainFiles: String?
    let board: HubBoard
    private(set) var desk: CommandDesk!
    private var control: Session!
    private(set) var peer: PeerLink!
    private(set) var agent: MachineAgent!
    private var relation: Relation?
    /// The server that an operator wants for the Backup, once it has agreed to join.
    var candidate: BackupAdmission.Candidate?
    private let timer = LoopTimer()
    private let retry = LoopTimer()
    private let priority: SwitchPriority
    private let tableTimer = LoopTimer()
    let pairTimer = LoopTimer()
    private var hasEnded = false
    /// This server was active, or worked with the other one.
    private var hasServed: Bool
    private var storeError: StateStoreError?
    /// What the replicator knows of who decides here.
    private struct Standing: Equatable {
        var confirmsAlone: Bool
        var epoch: Epoch
        var isHolder: Bool
        var marksFor: String?
    }
    private var told: Standing?
    var announced: ServerAnnouncement?
    /// Why this server stops by itself, once it was relieved.
    var stopsFor: ServerError?

    init(
        _ options: ServerOptions, address: ServerAddress, onlyAddress: String?, session: String, secret: String,
        stored: RecordStore.Content?, store: RecordStore, keys: ServerKeys?, files: ServerFiles,
        shows folder: ShowFolder?, replicator: ServerReplicator, hub: Broker, hubClock: ProcessClock?,
        control: Broker, log: Logger,
        onAnnouncement: @escaping @SessionLoop (ServerAnnouncement) -> Void,
        onOutcome: @escaping @SessionLoop (Outcome) -> Void
    ) {
        ElectionRehearsal.once
        self.options = options
        self.store = store
        self.keys = keys
        self.files = files
        self.log = log
        self.onlyAddress = onlyAddress
        self.onAnnouncement = onAnnouncement
        self.onOutcome = onOutcome
        self.replicator = replicator
        priority = SwitchPriority(of: hub)
        hasServed = stored != nil
        identity = Coordinator.Identity(
            role: options.role, address: address, session: session,
            hasPeer: stored?.record.isClosed(to: options.role, options.name) != true && options.peer != nil,
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
        desk = CommandDesk(own: options.name, hasKeys: keys != nil, log: log) { [weak self] in
            self?.board.send($0, sent: $1)
        } audit: { [weak self] in
            self?.audit($0, by: $1, $2)
        } revoke: { [weak self] in
            await self?.revoke($0) ?? .refused(.unreachable, "this server is being stopped. Ask the other one.")
        } carryOut: { [weak self] in
            self?.carryOut($0, of: $1)
        }
        board.open(hub.endpoint, clientID: "\(options.name)/board-\(secret)", clock: hubClock)
        self.control = Session(
            .init(endpoint: control.endpoint, clientID: "\(options.name)/control-\(secret)")
        ) { [weak self] in self?.handle($0) }
        agent = MachineAgent(
            .init(
                name: options.name, role: options.role, session: session, secret: secret, address: address.address,
                version: Version.current, license: options.license?.license.type.rawValue,
                permission: keys?.key.permission ?? 3, credentials: keys?.credentials)
        ) { [weak self] in self?.handle($0) }
        peer = PeerLink(
            identity, secret: secret, credentials: keys?.credentials, agent: agent, replicator: replicator, log: log)
        peer.onEvent = { [weak self] in self?.handle($0) }
        peer.onWrongServer = { [weak self] in self?.refuse($0) }
        licenses.onNews = { [weak self] in self?.reviewLicenses() }
        keys?.onNews = { [weak self] in self?.reviewKeys() }
        // A server whose own key is revoked hands over first.
        keys?.mayFinish = { [weak self] in self?.coordinator.record?.mode == .paired && self?.peerName == $0 }
        shows = folder.map { folder in
            ShowDesk(
                of: options.name, folder, replicator: replicator, backingUpEvery: options.showBackupInterval, log: log
            ) { [weak self] in
                self.map(\.showObjection) ?? .refused(.notActive, "this server is being stopped. Ask the other one.")
            } onNews: { [weak self] in
                self?.board.publish(.hubShows, $0)
            }
        }
        shows?.start()
        self.control.open()
        agent.connect(ownSide, to: hub.endpoint, hub: options.name)
        attach(replicator)
        reviewLicenses()
        reviewKeys()
        reviewPeer()
        if options.peer != nil, !peer.isWanted {
            log.warning(
                "the server named on the command line is not asked: the pair record says that this site has no Backup, or another one. See understudy backup add."
            )
        }
    }

    private func attach(_ replicator: ServerReplicator) {
        replicator.isPartner = { [weak self] in self?.isPartner($0) ?? false }
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
        if auditTimer.isScheduled { store.write(history) { _ in } }
        await shows?.finish()
        await agent.leave()
        hasEnded = true
        for timer in [timer, auditTimer, historyTimer, retry, tableTimer, pairTimer] { timer.cancel() }
        priority.end()
        peer.stop()
        replicator.stop()
        keys?.stop()
    }

    private var ownSide: MachineAgent.Side { options.role == .main ? .main : .backup }
    private var peerSide: MachineAgent.Side { options.role == .main ? .backup : .main }

    // MARK: - Core

    func handle(_ event: Coordinator.Event) {
        guard !hasEnded else { return }
        let wasActive = coordinator.isActive
        switch event {
        case .stopRequested, .ordered(.stopSite, by: _): shows?.noteStop()
        default: break
        }
        let directives = coordinator.handle(event, at: .now)
        moveFileGate()
        // What is active is told first; a heartbeat or a write may wait that long.
        publish()
        for directive in directives { carryOut(directive) }
        tellReplicator()
        reviewPeer()
        // A licence may have ended, or begun, since the last event.
        if coordinator.partner == nil { reviewLicenses() }
        if coordinator.isActive != wasActive { noteActivation() }
        hasServed = hasServed || coordinator.isActive || coordinator.isPeerHealthy
        timer.schedule(after: max(.zero, coordinator.nextDeadline - .now)) { [weak self] in
            self?.handle(Coordinator.Event.timePassed)
        }
    }

    private func tellReplicator() {
        let standing = Standing(
            confirmsAlone: coordinator.confirmsAlone(at: .now), epoch: coordinator.storedEpoch ?? Epoch(0),
            isHolder: coordinator.storedEpoch != nil && coordinator.record?.holder == options.name,
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
            guard case .brokerUnreachable = stopsFor else { return replicator.handle(.mark(session: session)) }
            // The answer would come through the hub broker that hangs. The pair has all that was confirmed without it.
            Task { @SessionLoop in self.handle(Coordinator.Event.copied(session: session)) }
        case .readyToStop:
            if let stopsFor { fail(stopsFor) } else { onOutcome(.readyToStop) }
        case .answer(let answer):
            publishPair()
            answered(answer)
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
            priority.begin()
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

    var peerName: MachineName? { peer.name }

    // MARK: - The other server

    /// What decides whom this server works with.
    private struct Relation: Equatable {
        var partner: ServerAddress?
        var candidate: Endpoint?
        var isClosed: Bool
    }

    /// The way on which an operator's command found this server; it may know another one only.
    private var provenWay: (server: MachineName, endpoint: Endpoint)?

    /// Whom this server works with is what the record says; where it names nobody, what an operator wants.
    private func reviewPeer() {
        let isClosed = coordinator.record?.isClosed(to: options.role, options.name) ?? false
        let relation = Relation(
            partner: coordinator.partner, candidate: candidate.flatMap { $0.isReady ? $0.endpoint : nil },
            isClosed: isClosed)
        guard relation != self.relation else { return }
        self.relation = relation
        agent.site = options.role == .main ? options.name : relation.partner?.name
        let named = options.peer.map { Endpoint.tcp(host: $0.host, port: $0.port) }
        if let candidate, candidate.isReady { provenWay = (candidate.server.name, candidate.endpoint) }
        var known: [Endpoint] = []
        if let partner = relation.partner {
            let proven = provenWay.flatMap { $0.server == partner.name ? $0.endpoint : nil }
            for way in [proven, partner.endpoint, named].compactMap({ $0 }) where !known.contains(way) {
                known.append(way)
            }
        } else if let way = relation.candidate ?? (isClosed ? nil : named) {
            known = [way]
        }
        if !known.isEmpty { return peer.connect(to: known) }
        guard peer.isWanted else { return }
        log.info("\(peerName?.description ?? "the other server") is no partner of this one")
        peer.disconnect()
        licenses.forgetPeer()
        reviewLicenses()
    }

    /// Of a candidate all is taken from the moment at which it agreed: it may be faster than this server, and what is missing
    /// at the beginning of its stream takes seconds to be noticed.
    private func isPartner(_ server: MachineName) -> Bool {
        if let named = expectedPartner ?? candidate?.server.name { return named == server }
        return peer.isWanted && (peerName ?? server) == server
    }

    /// Who the other server must be, where the record or an operator's command has named it.
    private var expectedPartner: MachineName? { coordinator.partner?.name ?? options.joined }

    /// Without licences no pair begins.
    private func reviewLicenses() {
        let may = licenses.allowPair(at: .now)
        if may != coordinator.mayBeginPair { handle(.mayBeginPair(may)) }
    }

    // MARK: - What arrives

    /// On the own hub broker.
    private func received(_ message: Message) {
        switch Topic(name: message.topic) {
        case .machine(let machine, let item): machines.note(item, of: machine, message.payload)
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
        case .unreachable(let side, let reason) where side == peerSide:
            peer.unreachable(reason)
            publish()
        case .keys(let keys, let side) where side == peerSide: remember(keys.revoked)
        case .history(let history, let side) where side == peerSide: readLater(history)
        case .nameTaken(let other): fail(.nameTaken(name: options.name, address: other.address))
        case .ignored(let topic, let cause): log.warning("ignored a message on \(topic): \(cause)")
        default: break
        }
    }

    /// The other server has said who it is.
    private func meet(_ server: HubServer) {
        guard peer.met(server, partner: expectedPartner) else { return }
        licenses.peer(server.name, shows: server.license)
        mainFiles = server.files
    }

    /// A server that has just started leaves; one that works stays, and the other one is nobody to it.
    private func refuse(_ error: ServerError) {
        if hasServed { log.error("\(error)") } else { fail(error) }
    }

    // MARK: - Commands

    /// Into the history, which goes to disk a little later, so that many commands are written at once.
    private func audit(_ command: String, by user: MachineName, _ response: CommandResponse) {
        history.note(.init(command, by: user, at: .now, epoch: coordinator.record?.epoch, response))
        tellHistory()
    }

    /// It comes with every switch, when there is something better to do.
    private func readLater(_ history: [UInt8]) {
        othersHistory = history
        guard !historyTimer.isScheduled else { return }
        historyTimer.schedule(after: .milliseconds(100)) { [weak self] in self?.readHistory() }
    }

    /// The command for a switch was given on the hub that was active before.
    private func readHistory() {
        guard !hasEnded, let others = othersHistory.flatMap({ try? HubHistory(decoding: $0) }) else { return }
        othersHistory = nil
        let before = history
        history.note(commandsOf: others)
        if history != before { tellHistory() }
    }

    private func tellHistory() {
        board.publish(.hubHistory, history)
        guard !auditTimer.isScheduled else { return }
        auditTimer.schedule(after: .seconds(1)) { [weak self] in
            guard let self else { return }
            self.store.write(self.history) { [log] in log.error("\($0)") }
        }
    }

    // MARK: - The end

    private func fail(_ error: ServerError) { end(.failed(error)) }

    func end(_ outcome: Outcome) {
        guard !hasEnded else { return }
        hasEnded = true
        timer.cancel()
        onOutcome(outcome)
    }
}
