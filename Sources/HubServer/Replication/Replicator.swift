import FailoverCore
import HubProtocol
import Logging
import MQTTSession
import Replication
import StateStore

/// Keeps three things the same: this server's hub, its durable store, and the other server's hub.
///
/// It reads its own hub, all but what it writes there itself, and tells the other server in a stream of frames on that
/// one's hub. No message can run in a circle: what comes from the stream is never read back.
@SessionLoop
final class Replicator {
    struct Status: Equatable {
        /// The other server has everything, but for what was published a moment ago.
        var isInSync = false
        /// Messages that the other hub has not got yet.
        var messagesBehind = 0
        /// Why nothing can be stored at present.
        var storeError: StateStoreError?
    }

    /// The other server's run has everything that this hub had at the last `mark`.
    var onCopied: @SessionLoop (_ session: String) -> Void = { _ in }
    var onStatus: @SessionLoop (Status) -> Void = { _ in }
    var onConflicts: @SessionLoop (HubConflicts) -> Void = { _ in }
    /// The hub broker does not answer any more, with the reason.
    var onFailure: @SessionLoop (String) -> Void = { _ in }
    /// Whether this server's word alone makes a message safe (see `Coordinator.confirmsAlone`).
    var confirmsAlone: @SessionLoop () -> Bool = { false }
    /// The newest epoch that this server knows.
    var epoch: Epoch

    private(set) var status = Status() { didSet { if status != oldValue { onStatus(status) } } }

    private let name: MachineName
    private let run: String
    private let log: Logger
    private var hub: Session!
    private var peer: ReconnectingSession?
    private var replica: Replica
    private var outgoing: OutgoingStream?
    private var incoming = IncomingStream()
    /// Who speaks in the incoming stream, and whether its snapshot is complete.
    private var speaker: (server: MachineName, session: String)?
    private var isIncomingComplete = false
    private var journal: Journal
    private var conflicts = HubConflicts()
    private var mark: Mark?
    private var marks: UInt64 = 0
    /// What this hub has told its authors to be safe.
    private var confirmed: [Publisher: UInt64] = [:]
    /// Authors who may wait for more.
    private var unconfirmed: Set<Publisher> = []
    /// The highest of each author's messages that came from the other hub since the last flush.
    private var copied: [Publisher: UInt64] = [:]
    /// The same for what the other hub has taken from this one. It tells the authors itself, and sooner; this is for those
    /// that do not reach it.
    private var taken: [Publisher: UInt64] = [:]
    private let takenTimer = LoopTimer()
    private var peerRun: String?
    private var isFlushPlanned = false
    private var lastAcknowledged = ContinuousClock.now
    private var lastVerified: Digest?
    private var mismatches = 0
    private let tick = LoopTimer()
    private var whenFilled: (@SessionLoop () -> Void)?
    private var hasEnded = false

    private struct Mark {
        var session: String
        /// `nil` until the other server has the snapshot.
        var number: UInt64?
    }

    private static let longestSilence = Duration.seconds(3)

    /// - Parameters:
    ///   - run: this run of the server.
    ///   - stored: what the store held at start.
    init(
        name: MachineName, run: String, secret: String, hub: Endpoint, stored: StateStore.Content, store: StateStore,
        epoch: Epoch, log: Logger, ready: @escaping @SessionLoop () -> Void
    ) {
        whenFilled = ready
        self.name = name
        self.run = run
        self.epoch = epoch
        self.log = log
        replica = Replica(
            me: name, stored: stored.retained, publishers: stored.publishers, counter: stored.counter,
            atPeer: stored.counterAtPeer)
        journal = Journal(store)
        journal.onWritten = { [weak self] in self?.written($0) }
        journal.onError = { [weak self] in self?.status.storeError = $0 }
        self.hub = Session(.init(endpoint: hub, clientID: "\(name)-replicator-\(secret)")) { [weak self] event in
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
        name: MachineName, run: String, secret: String, hub: Endpoint, stored: StateStore.Content, store: StateStore,
        epoch: Epoch, log: Logger
    ) async -> Replicator {
        var replicator: Replicator?
        await withCheckedContinuation { continuation in
            replicator = Replicator(
                name: name, run: run, secret: secret, hub: hub, stored: stored, store: store, epoch: epoch, log: log
            ) { continuation.resume() }
        }
        return replicator!
    }

    /// Copies to the hub at this address, and stays connected with it.
    func connect(to endpoint: Endpoint, secret: String) {
        let session = ReconnectingSession(
            .init(endpoint: endpoint, clientID: "\(name)-replication-\(secret)")
        ) { [weak self] event in
            guard let self else { return }
            switch event {
            case .up: self.peer?.session?.subscribe(Topic.hubServer.name)
            case .message(let message):
                // It reads its own hub from the moment at which it says whose that is.
                guard let server = try? HubServer(decoding: message.payload), server.session != self.peerRun else {
                    return
                }
                self.peerRun = server.session
                self.startStream()
            case .down: self.endStream()
            }
        }
        peer = session
        session.start()
    }

    func stop() {
        hasEnded = true
        tick.cancel()
        peer?.stop()
        hub.close()
    }

    /// A fresh broker knows nothing: it gets what was stored, before the hub is announced.
    private func fill() {
        let now = Timestamp.now
        let writes = replica.retained.values.filter { !$0.isTombstone }
        for write in writes {
            guard let publication = write.publication(isNews: false, at: now) else { continue }
            publish(publication, of: write)
        }
        // Answered after all the others.
        hub.publish(Publication(topic: "$understudy/filled", payload: [])) { [weak self] _ in self?.reportFilled() }
    }

    private func reportFilled() {
        whenFilled?()
        whenFilled = nil
    }

    // MARK: - From the own hub

    private func received(_ message: Message) {
        if Topic.isCopied(message.topic) { return arrived(HubMessage(message, at: .now)) }
        switch Topic(name: message.topic) {
        case .replication(let server) where server != name: heard(message.payload, from: server)
        case .resume(let publisher):
            guard let request = try? ResumeRequest(decoding: message.payload), !message.isRetained else { return }
            let received = replica.resumes(publisher, epoch: epoch)
            say(
                Confirmation(received: received, replicated: confirmed[publisher] ?? 0, token: request.token),
                to: publisher)
            unconfirmed.insert(publisher)
            outgoing?.append(.publisher(publisher, received: received))
            planFlush()
        default: break
        }
    }

    private func arrived(_ message: HubMessage) {
        let arrival = replica.arrived(message, epoch: epoch)
        if let write = arrival.new {
            outgoing?.append(.live(write))
            if message.isRetained { journal.note(replica.retained[message.topic] ?? write) }
        }
        if let identity = message.identity {
            journal.note(identity.publisher, received: replica.received(identity.publisher))
            unconfirmed.insert(identity.publisher)
        }
        if let repair = arrival.repair, let publication = repair.publication(isNews: false, at: .now) {
            publish(publication, of: repair)
        }
        planFlush()
    }

    private func publish(_ publication: Publication, of write: Write) {
        replica.published(write)
        hub.publish(publication) { [weak self] _ in self?.replica.answered(write) }
    }

    // MARK: - From the other hub

    private func heard(_ payload: [UInt8], from server: MachineName) {
        do {
            let frame = try Frame(decoding: payload)
            if let acknowledgement = frame.acknowledgement { acknowledged(acknowledgement) }
            for item in try incoming.take(frame) { try apply(item, from: server) }
        } catch {
            log.warning("ignored a frame of \(server): \(error)")
            incoming = IncomingStream()
        }
        planFlush()
    }

    private func apply(_ item: StreamItem, from server: MachineName) throws(MalformedStream) {
        if case .hello(server, let session) = item {
            speaker = (server, session)
            isIncomingComplete = false
            return sendIndex()
        }
        guard speaker?.server == server else { throw MalformedStream() }
        switch item {
        case .hello: throw MalformedStream()
        case .live(let write):
            guard Topic.isCopied(write.message.topic) else { throw MalformedStream() }
            carryOut(replica.copied(write), isNews: true)
            if let identity = write.message.identity { noteCopied(identity.publisher, identity.sequence) }
        case .retained(let write):
            guard Topic.isCopied(write.message.topic) else { throw MalformedStream() }
            carryOut(replica.merge(write), isNews: false)
        case .publisher(let publisher, let received):
            replica.merge(publisher, received: received)
            journal.note(publisher, received: replica.received(publisher))
            if isIncomingComplete { noteCopied(publisher, received) }
        case .snapshotEnd:
            isIncomingComplete = true
            review()
        case .index(let stream, let topic, let stamp):
            if stream == outgoing?.identifier { outgoing?.peerHolds(topic, stamp) }
        case .indexEnd(let stream):
            if stream == outgoing?.identifier { outgoing?.peerHeldAll(replica) }
        case .mark(let number): outgoing?.append(.marked(number))
        case .marked(let number):
            if let mark, mark.number == number { onCopied(mark.session) }
        case .verify(let digest): compare(digest)
        }
    }

    /// Not what was refused, since its author publishes it here again.
    private func noteCopied(_ publisher: Publisher, _ sequence: UInt64) {
        guard replica.received(publisher) >= sequence else { return }
        journal.note(publisher, received: replica.received(publisher))
        copied[publisher] = max(copied[publisher] ?? 0, sequence)
    }

    private func carryOut(_ application: Replica.Application, isNews: Bool) {
        if let write = application.stored { journal.note(write) }
        if let write = application.published, let publication = write.publication(isNews: isNews, at: .now) {
            publish(publication, of: write)
        }
        if let conflict = application.conflict {
            conflicts.note(.init(conflict, at: .now))
            onConflicts(conflicts)
        }
    }

    /// Both hubs should be the same whenever nothing is under way.
    private func compare(_ digest: Digest) {
        guard let outgoing, outgoing.isIdle, outgoing.isInSync, digest != replica.digest else {
            mismatches = 0
            return
        }
        mismatches += 1
        guard mismatches > 2 else { return }
        log.error(
            "the two hubs differ (\(replica.digest.count) topics here, \(digest.count) there): comparing them anew")
        mismatches = 0
        startStream()
    }

    // MARK: - To the other hub

    private func startStream() {
        outgoing = OutgoingStream(identifier: .random(in: 1 ... .max), server: name, session: run)
        lastAcknowledged = .now
        mark?.number = nil
        lastVerified = nil
        sendIndex()
        flush()
    }

    private func endStream() {
        outgoing = nil
        peerRun = nil
        mark?.number = nil
        review()
    }

    /// What this server holds, so that the other one knows what it lacks.
    private func sendIndex() {
        guard speaker != nil, let stream = incoming.acknowledgement?.stream, outgoing != nil else { return }
        for (topic, write) in replica.retained {
            outgoing?.append(.index(stream: stream, topic: topic, write.stamp))
        }
        outgoing?.append(.indexEnd(stream: stream))
        planFlush()
    }

    private func acknowledged(_ acknowledgement: Frame.Acknowledgement) {
        guard acknowledgement.stream == outgoing?.identifier else { return }
        lastAcknowledged = .now
        if let progress = outgoing?.acknowledged(acknowledgement) {
            replica.peerHas(progress.counter)
            taken.merge(progress.published) { max($0, $1) }
            confirmTaken()
        }
        if outgoing?.isInSync == true {
            sendMark()
            if !status.isInSync { review() }
        }
    }

    /// Asks whether this run of the other server has everything that this hub has now; `onCopied` answers.
    func mark(for session: String) {
        mark = Mark(session: session)
        sendMark()
    }

    func forgetMark() { mark = nil }

    private func sendMark() {
        guard outgoing?.isInSync == true, let wanted = mark, wanted.number == nil else { return }
        marks += 1
        mark?.number = marks
        // From here on the other server confirms, also what these authors wait for already.
        for publisher in unconfirmed { outgoing?.append(.publisher(publisher, received: replica.received(publisher))) }
        outgoing?.append(.mark(marks))
        planFlush()
    }

    // MARK: - Flushing

    /// Once for all that has arrived in this turn of the loop.
    private func planFlush() {
        guard !isFlushPlanned else { return }
        isFlushPlanned = true
        Task { @SessionLoop in
            self.isFlushPlanned = false
            self.flush()
        }
    }

    /// What changed in the rules or on the ways: perhaps more can be confirmed now.
    func review() {
        status.isInSync = outgoing?.isInSync == true && isIncomingComplete
        if isSafeAlone, !unconfirmed.isEmpty { planFlush() }
    }

    private var isSafeAlone: Bool { mark?.number == nil && confirmsAlone() }

    private func flush() {
        guard !hasEnded else { return }
        sendFrames()
        confirmCopied()
        if isSafeAlone {
            for publisher in unconfirmed { journal.confirm(publisher, replica.received(publisher)) }
            unconfirmed = []
        }
        journal.flush(counter: replica.counter, atPeer: replica.counterAtPeer)
    }

    private func sendFrames() {
        guard let session = peer?.session else { return }
        if outgoing?.isOverfull == true {
            log.warning("the other server does not keep up: it will get what it lacks later")
            return startStream()
        }
        var wasSent = false
        while let frame = outgoing?.nextFrame(replica, acknowledging: incoming.acknowledgement) {
            send(frame, over: session)
            wasSent = true
        }
        if !wasSent, let acknowledgement = incoming.acknowledgement, acknowledgement != lastSent {
            send(Frame(stream: 0, number: 0, content: [], acknowledgement: acknowledgement), over: session)
        }
    }

    private var lastSent: Frame.Acknowledgement?

    private func send(_ frame: Frame, over session: Session) {
        lastSent = frame.acknowledgement
        session.publish(Publication(topic: Topic.replication(name).name, payload: frame.encoded))
    }

    /// What came over a complete stream is on both hubs, whoever is active.
    private func confirmCopied() {
        guard isIncomingComplete else { return }
        for (publisher, sequence) in copied { confirm(publisher, sequence) }
        copied = [:]
    }

    private func confirmTaken() {
        guard !taken.isEmpty, !takenTimer.isScheduled else { return }
        takenTimer.schedule(after: .milliseconds(20)) { [weak self] in
            guard let self else { return }
            for (publisher, sequence) in self.taken {
                self.confirm(publisher, sequence)
                if self.replica.received(publisher) <= sequence { self.unconfirmed.remove(publisher) }
            }
            self.taken = [:]
        }
    }

    private func written(_ confirmed: [Publisher: UInt64]) {
        for (publisher, sequence) in confirmed { confirm(publisher, sequence) }
    }

    private func confirm(_ publisher: Publisher, _ sequence: UInt64) {
        let safe = max(confirmed[publisher] ?? 0, sequence)
        confirmed[publisher] = safe
        say(Confirmation(received: replica.received(publisher), replicated: safe), to: publisher)
    }

    private func say(_ confirmation: Confirmation, to publisher: Publisher) {
        hub.publish(Publication(topic: Topic.confirmation(publisher).name, payload: confirmation.encoded))
    }

    // MARK: - Time

    private func keepTime() {
        tick.schedule(after: .seconds(1)) { [weak self] in
            guard let self, !self.hasEnded else { return }
            for topic in self.replica.forgetExpired(at: .now) + self.replica.forgetTombstones() {
                self.journal.forget(topic)
            }
            if let outgoing = self.outgoing {
                if outgoing.isIdle {
                    self.lastAcknowledged = .now
                    if outgoing.isInSync, self.isIncomingComplete {
                        self.outgoing?.append(.verify(self.replica.digest))
                    }
                } else if ContinuousClock.now - self.lastAcknowledged > Self.longestSilence {
                    self.startStream()
                }
            }
            if self.confirmed.count > Replica.mostPublishers * 2 {
                self.confirmed = self.confirmed.filter { self.replica.publishers[$0.key] != nil }
            }
            self.status.messagesBehind = self.outgoing?.messagesBehind ?? 0
            self.review()
            self.flush()
            self.keepTime()
        }
    }
}
