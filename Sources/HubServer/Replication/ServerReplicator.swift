import FailoverCore
import HubProtocol
import Logging
import MQTTSession
import Replication
import StateStore

/// The shell around `Replicator`: turns sessions, timers and the store into its events, and its directives into messages
/// and writes.
@SessionLoop
final class ServerReplicator {
    struct Status: Equatable {
        var replication = Replicator.Status()
        /// Why nothing can be stored at present.
        var storeError: StateStoreError?
    }

    /// This run of the other server has everything that this hub had at the last `mark`.
    var onCopied: @SessionLoop (_ session: String) -> Void = { _ in }
    var onStatus: @SessionLoop (Status) -> Void = { _ in }
    var onConflicts: @SessionLoop (HubConflicts) -> Void = { _ in }
    /// Whether this server belongs to the site; nothing is taken from another one.
    var isPartner: @SessionLoop (MachineName) -> Bool = { _ in false }
    /// The hub broker does not answer any more, with the reason.
    var onFailure: @SessionLoop (String) -> Void = { _ in }

    private(set) var status = Status() { didSet { if status != oldValue { onStatus(status) } } }

    private let name: MachineName
    private let secret: String
    private let credentials: TLSCredentials?
    private let log: Logger
    private var hub: Session!
    private var peer: ReconnectingSession?
    /// The run of the other server that reads its hub.
    private var peerRun: String?
    private var core: Replicator
    private let journal: Journal
    private var conflicts = HubConflicts()
    private var isFlushPlanned = false
    private let tick = LoopTimer()
    private let takenTimer = LoopTimer()
    private var isProceedingPlanned = false
    private var changes: [Publisher: PendingChange] = [:]
    private var whenFilled: (@SessionLoop () -> Void)?
    private var hasEnded = false

    /// - Parameters:
    ///   - run: this run of the server.
    ///   - stored: what the store held at start.
    ///   - filled: called once, when the hub has what was stored, or has failed.
    private init(
        name: MachineName, run: String, secret: String, credentials: TLSCredentials?, hub: Endpoint,
        stored: StateStore.Content, store: StateStore, epoch: Epoch, log: Logger,
        filled: @escaping @SessionLoop () -> Void
    ) {
        whenFilled = filled
        (self.name, self.secret, self.credentials, self.log) = (name, secret, credentials, log)
        let replica = Replica(
            me: name, stored: stored.retained, publishers: stored.publishers, counter: stored.counter,
            atPeer: stored.counterAtPeer)
        core = Replicator(run: run, replica: replica, epoch: epoch)
        journal = Journal(store)
        journal.onWritten = { [weak self] in self?.handle(.stored($0)) }
        journal.onError = { [weak self] in self?.status.storeError = $0 }
        self.hub = Session(.init(endpoint: hub, clientID: "\(name)/replicator-\(secret)")) { [weak self] event in
            guard let self, !self.hasEnded else { return }
            switch event {
            case .opened:
                self.hub.subscribe("#", retainAsPublished: true, noLocal: true) { [weak self] _ in self?.fill() }
            case .message(let message): self.received(message)
            case .closed(let reason):
                self.reportFilled()
                self.onFailure("\(reason)")
            }
        }
        self.hub.open()
        keepTime()
    }

    /// Returns when the hub has what was stored.
    static func filled(
        name: MachineName, run: String, secret: String, credentials: TLSCredentials?, hub: Endpoint,
        stored: StateStore.Content, store: StateStore, epoch: Epoch, log: Logger
    ) async -> ServerReplicator {
        var replicator: ServerReplicator?
        await withCheckedContinuation { continuation in
            replicator = ServerReplicator(
                name: name, run: run, secret: secret, credentials: credentials, hub: hub, stored: stored, store: store,
                epoch: epoch, log: log
            ) { continuation.resume() }
        }
        return replicator!
    }

    /// Copies to the hub at this address, and stays connected with it.
    func connect(to endpoint: Endpoint) {
        if let peer {
            if peer.endpoint != endpoint { peer.reconnect(to: endpoint) }
            return
        }
        let session = ReconnectingSession(
            .init(endpoint: endpoint, credentials: credentials, clientID: "\(name)/replication-\(secret)")
        ) { [weak self] event in
            guard let self else { return }
            switch event {
            case .up: self.peer?.session?.subscribe(Topic.hubServer.name)
            case .message(let message):
                // It reads its own hub from the moment at which it says whose that is.
                guard let server = try? HubServer(decoding: message.payload), server.session != self.peerRun,
                    self.peer?.session?.isKey(of: server.name.description) ?? false
                else { return }
                self.peerRun = server.session
                self.handle(.peerOpened(stream: .random(in: 1 ... .max)))
            case .down:
                self.peerRun = nil
                self.handle(.peerClosed)
            }
        }
        peer = session
        session.start()
    }

    /// That hub is none of this site's any more.
    func disconnect() {
        peer?.stop()
        guard peer != nil else { return }
        peer = nil
        peerRun = nil
        handle(.peerClosed)
    }

    func stop() {
        hasEnded = true
        tick.cancel()
        takenTimer.cancel()
        for change in changes.values { change.end(false) }
        peer?.stop()
        hub.close()
    }

    /// What this hub retains, by topic; tombstones among it.
    var retained: [String: Write] { core.replica.retained }

    /// Publishes messages of this server's own as one change; see `Replicator.Event.change`.
    ///
    /// - Parameter messages: of one author that publishes nothing else, numbered.
    /// - Returns: whether all of it is on this hub and as safe as what is confirmed to be `replicated`, within `patience`.
    func change(_ messages: [HubMessage], within patience: Duration) async -> Bool {
        guard !hasEnded, let last = messages.last?.identity else { return !hasEnded }
        let change = PendingChange(last: last.sequence)
        changes[last.publisher] = change
        defer { changes[last.publisher] = nil }
        // On this server's disk as a whole or not at all.
        journal.isHeld = true
        var rest = messages[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.changePart(rest))
            rest = rest.dropFirst(part.count)
            handle(.change(Array(part), isEnd: rest.isEmpty))
            // Heartbeats go out in between.
            await Task.yield()
        }
        journal.isHeld = false
        planFlush()
        return await change.wait(patience)
    }

    /// How many messages are one part.
    private static func changePart(_ messages: ArraySlice<HubMessage>) -> Int {
        var bytes = 0
        let count = messages.prefix(100).prefix { message in
            defer { bytes += message.payload.count }
            return bytes < 256 * 1024
        }.count
        return count
    }

    func handle(_ event: Replicator.Event) {
        guard !hasEnded else { return }
        for directive in core.handle(event) { carryOut(directive) }
        if core.hasReady { planProceeding() }
        if core.wantsFlush { planFlush() }
        // How far behind it is changes with every message, and is looked at each second.
        if core.status.isInSync != status.replication.isInSync { status.replication = core.status }
    }

    // MARK: - Events

    /// A fresh broker knows nothing: it gets what was stored, before the hub is announced.
    private func fill() {
        for write in core.fill { carryOut(.publish(write, isNews: false)) }
        // Answered after all the others.
        hub.publish(Publication(topic: "$understudy/filled", payload: [])) { [weak self] _ in self?.reportFilled() }
    }

    private func reportFilled() {
        whenFilled?()
        whenFilled = nil
    }

    /// On the own hub.
    private func received(_ message: Message) {
        if Topic.isCopied(message.topic) { return handle(.arrived(HubMessage(message, at: .now))) }
        switch Topic(name: message.topic) {
        case .replication(let server) where server != name && isPartner(server):
            do {
                handle(.frame(try Frame(decoding: message.payload), from: server))
            } catch {
                log.warning("ignored a frame of \(server): \(error)")
            }
        case .resume(let publisher) where !message.isRetained:
            guard let request = try? ResumeRequest(decoding: message.payload) else { return }
            handle(.resumes(publisher, token: request.token, in: request.epoch))
        default: break
        }
    }

    private func keepTime() {
        tick.schedule(after: .seconds(1)) { [weak self] in
            guard let self, !self.hasEnded else { return }
            self.handle(.timePassed(.now, nextStream: .random(in: 1 ... .max)))
            self.status.replication = self.core.status
            self.keepTime()
        }
    }

    private func planProceeding() {
        guard !isProceedingPlanned else { return }
        isProceedingPlanned = true
        Task { @SessionLoop in
            self.isProceedingPlanned = false
            self.handle(.proceed)
        }
    }

    // MARK: - Directives

    private func carryOut(_ directive: Replicator.Directive) {
        switch directive {
        case .publish(let write, let isNews):
            guard let publication = write.publication(isNews: isNews, at: .now) else {
                return handle(.answered(write))
            }
            hub.publish(publication) { [weak self] _ in self?.answered(write) }
        case .confirm(let publisher, let confirmation):
            if let change = changes[publisher] { return change.confirmed(confirmation.replicated) }
            hub.publish(Publication(topic: Topic.confirmation(publisher).name, payload: confirmation.encoded))
        case .send(let frame):
            peer?.session?.publish(Publication(topic: Topic.replication(name).name, payload: frame.encoded))
        case .store(let write): keep { $0.note(write) }
        case .forget(let topic): keep { $0.forget(topic) }
        case .storeProgress(let publisher, let received): keep { $0.note(publisher, received: received) }
        case .sync(let progress, let survivesPowerLoss):
            keep { $0.confirm(progress, survivesPowerLoss: survivesPowerLoss) }
        case .copied(let session): onCopied(session)
        case .conflict(let conflict):
            conflicts.note(.init(conflict, at: .now))
            onConflicts(conflicts)
        case .warn(let sentence): log.warning("\(sentence)")
        }
    }

    private func answered(_ write: Write) {
        if let identity = write.message.identity { changes[identity.publisher]?.answered(identity.sequence) }
        handle(.answered(write))
    }

    private func keep(_ note: @SessionLoop (Journal) -> Void) {
        note(journal)
        planFlush()
    }

    /// Once for all that has arrived in this turn of the loop.
    private func planFlush() {
        guard !isFlushPlanned else { return }
        isFlushPlanned = true
        Task { @SessionLoop in
            self.isFlushPlanned = false
            self.flush()
        }
    }

    private func flush() {
        guard !hasEnded else { return }
        for directive in core.flush() { carryOut(directive) }
        journal.flush(counter: core.replica.counter, atPeer: core.replica.counterAtPeer)
        guard core.hasTaken, !takenTimer.isScheduled else { return }
        takenTimer.schedule(after: .milliseconds(20)) { [weak self] in
            guard let self else { return }
            for directive in self.core.confirmTaken() { self.carryOut(directive) }
        }
    }
}
