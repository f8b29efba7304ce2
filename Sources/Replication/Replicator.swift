import DequeModule
import FailoverCore
import HubProtocol

/// Keeps a server's hub, its store and the other server's hub the same, and says what of each author's messages is safe.
/// A value without clock, task or IO: events go in, directives come out.
///
/// It reads its own hub, all but what it writes there itself, and tells the other server in a stream. No message can run
/// in a circle: what comes from the stream is never read back.
public struct Replicator: Sendable {
    public enum Event: Sendable {
        /// On the own hub, in the order in which its broker took them.
        case arrived(HubMessage)
        /// A part of a change of this server's own, of one author: to be published here, and applied as a whole there when
        /// its end has come.
        case change([HubMessage], isEnd: Bool)
        /// Soon, as long as `hasReady`.
        case proceed
        /// An author is about to publish on the own hub, which it follows in this epoch.
        case resumes(Publisher, token: String, in: Epoch?)
        /// The own hub's broker has answered a publish.
        case answered(Write)
        /// What `sync` asked for is in the store.
        case stored([Publisher: UInt64])
        case frame(Frame, from: MachineName)
        /// The other server reads its hub from now on; the number is the new stream's, random and not 0.
        case peerOpened(stream: UInt64)
        case peerClosed
        /// Answer with `copied` when this run of the other server has everything that this hub has now.
        case mark(session: String)
        /// Nobody wants to know that any more.
        case markForgotten
        /// Whether this server's word alone makes a message safe (`Coordinator.confirmsAlone`), the newest epoch that it
        /// knows, and whether it is that one's holder.
        case standing(confirmsAlone: Bool, Epoch, isHolder: Bool)
        /// Now and then, at least each second.
        case timePassed(Timestamp, nextStream: UInt64)
    }

    public enum Directive: Equatable, Sendable {
        /// On the own hub, retained where the message is. No news: readers have it, or it is filled in.
        case publish(Write, isNews: Bool)
        case confirm(Publisher, Confirmation)
        case send(Frame)
        /// Keep durably.
        case store(Write)
        case forget(topic: String)
        case storeProgress(Publisher, received: UInt64)
        /// Answer with `stored` when all of the above that came before is in the store: for what is safe by this server's
        /// word alone in such a way that it survives a power cut, else the end of the process.
        case sync([Publisher: UInt64], survivesPowerLoss: Bool)
        /// This run of the other server has what it had to have at its mark.
        case copied(session: String)
        case conflict(Replica.Conflict)
        /// A sentence for the log.
        case warn(String)
    }

    public struct Status: Hashable, Sendable {
        /// The other server has everything, but for what was published a moment ago, and the other way round.
        public var isInSync = false
        /// Messages that the other hub has not got yet.
        public var messagesBehind = 0

        public init(isInSync: Bool = false, messagesBehind: Int = 0) {
            (self.isInSync, self.messagesBehind) = (isInSync, messagesBehind)
        }
    }

    private let run: String
    public private(set) var replica: Replica
    private var epoch: Epoch
    /// The newest that this server holds or held, as far as this run knows.
    private var activeEpoch = Epoch(0)
    private var confirmsAlone = false
    private var outgoing: OutgoingStream?
    private var incoming = IncomingStream()
    /// News of this hub that the other one is not known to have, in order. A new stream begins with them: what the other
    /// hub's readers get has no gaps.
    private var unheard: Deque<(write: Write, tick: Int)> = []
    /// Calls of `timePassed`.
    private var ticks = 0
    private var unheardBytes = 0
    /// How many of the present stream's live messages are not in `unheard` any more.
    private var liveHeard = 0
    /// Who speaks in the incoming stream, and whether its snapshot is complete.
    private var speaker: (server: MachineName, session: String)?
    private var isIncomingComplete = false
    /// The counter of the speaker's newest news, in whichever stream.
    private var newestHeard: UInt64?
    /// The beginning of a change whose end is still to come.
    private var partialChange = PartialChange()
    /// The speaker's newest mark. It asks once, and the answer may be lost with the way back.
    private var answeredMark: UInt64?
    private var mark: Mark?
    private var marks: UInt64 = 0
    /// What this hub has told its authors to be safe.
    private var confirmed: [Publisher: UInt64] = [:]
    /// Authors who may wait for more.
    private var unconfirmed: Set<Publisher> = []
    /// The highest of each author's messages that came from the other hub since the last flush.
    private var copied: [Publisher: UInt64] = [:]
    /// The same for what the other hub has taken from this one. It tells the authors itself, and sooner; this is for those
    /// that do not reach it. And for authors who do not wait, what came from there.
    private var taken: [Publisher: UInt64] = [:]
    /// Authors who publish on the other hub now, and what that one had of them.
    private var away: [Publisher: (received: UInt64, epoch: Epoch)] = [:]
    /// Authors who wait for an epoch that this server has not got yet.
    private var early: [Publisher: (token: String, epoch: Epoch)] = [:]
    private var lastSent: Frame.Acknowledgement?
    private var silentTicks = 0
    private var mismatches = 0

    private struct Mark {
        var session: String
        /// Sent ahead, once the other server has the snapshot. A connection that has just recovered may bring nothing for a
        /// second, and that long nothing could be confirmed.
        var probe: UInt64?
        /// `nil` until the probe is answered.
        var number: UInt64?
    }

    /// Without an acknowledgement, in calls of `timePassed` of a second each: the stream is begun anew.
    private static let mostSilentTicks = 3

    /// - Parameters:
    ///   - run: this run of the server.
    ///   - replica: what was stored.
    public init(run: String, replica: Replica, epoch: Epoch) {
        (self.run, self.replica, self.epoch) = (run, replica, epoch)
    }

    public var status: Status {
        Status(
            isInSync: outgoing?.isInSync == true && isIncomingComplete, messagesBehind: outgoing?.messagesBehind ?? 0)
    }

    /// What a fresh broker must be filled with before its hub is announced.
    public var fill: [Write] { replica.retained.values.filter { !$0.isTombstone } }

    /// What follows at once. `flush` does the rest, once for many events.
    public mutating func handle(_ event: Event) -> [Directive] {
        switch event {
        case .arrived(let message): return arrived(message)
        case .change(let messages, let isEnd): return change(messages, isEnd: isEnd)
        case .proceed: return partialChange.nextPart(of: Self.readyPart).flatMap { copied($0) }
        case .resumes(let publisher, let token, let followed): return resumes(publisher, token, in: followed)
        case .answered(let write): replica.answered(write)
        case .stored(let progress):
            return progress.sorted { "\($0.key)" < "\($1.key)" }.map { confirm($0.key, $0.value) }
        case .frame(let frame, let server): return heard(frame, from: server)
        case .peerOpened(let stream): startStream(stream)
        case .peerClosed:
            outgoing = nil
            forgetMarksSent()
        case .mark(let session):
            mark = Mark(session: session)
            sendProbe()
        case .markForgotten: mark = nil
        case .standing(let confirmsAlone, let epoch, let isHolder):
            (self.confirmsAlone, self.epoch) = (confirmsAlone, epoch)
            if isHolder { activeEpoch = epoch }
            return answerEarly()
        case .timePassed(let now, let stream): return tick(now, nextStream: stream)
        }
        return []
    }

    /// Whether a flush would do anything.
    public var wantsFlush: Bool {
        outgoing?.hasWaiting == true || (isSafeAlone && !unconfirmed.isEmpty) || !copied.isEmpty || hasTaken
            || incoming.acknowledgement != lastSent
    }

    /// Whether a part of a change waits for `proceed`.
    public var hasReady: Bool { partialChange.hasReady }

    /// Whether `confirmTaken` would do anything.
    public var hasTaken: Bool { !taken.isEmpty }

    // MARK: - From the own hub

    private mutating func arrived(_ message: HubMessage) -> [Directive] {
        let arrival = replica.arrived(message, epoch: epoch, activeEpoch: activeEpoch)
        var directives = arrival.new.map { tell($0) } ?? []
        if let publisher = message.identity?.publisher {
            directives.append(.storeProgress(publisher, received: replica.received(publisher)))
            unconfirmed.insert(publisher)
        }
        if let repair = arrival.repair { directives.append(publish(repair, isNews: false)) }
        return directives
    }

    private mutating func change(_ messages: [HubMessage], isEnd: Bool) -> [Directive] {
        var directives: [Directive] = []
        let writes = messages.compactMap { replica.arrived($0, epoch: epoch, activeEpoch: activeEpoch).new }
        for (index, var write) in writes.enumerated() {
            // Else this server knows something newer already, from a newer epoch than it has heard of itself.
            let isNewest = replica.retained[write.message.topic]?.stamp == write.stamp
            if isNewest { directives.append(publish(write, isNews: true)) }
            write.isContinued = !isEnd || index < writes.count - 1
            directives += tell(write)
        }
        for publisher in Set(messages.compactMap(\.identity?.publisher)) {
            directives.append(.storeProgress(publisher, received: replica.received(publisher)))
            unconfirmed.insert(publisher)
        }
        return directives
    }

    /// The other server, and the store.
    private mutating func tell(_ write: Write) -> [Directive] {
        outgoing?.append(.live(write))
        unheard.append((write, ticks))
        unheardBytes += write.message.payload.count
        while unheard.count > Self.mostUnheard || unheardBytes > Self.mostUnheardBytes { dropUnheard() }
        guard write.message.isRetained, let kept = replica.retained[write.message.topic] else { return [] }
        return [.store(kept)]
    }

    /// Those who heard of an epoch before this server had it on disk: what they publish belongs to it.
    private mutating func answerEarly() -> [Directive] {
        let ready = early.filter { $0.value.epoch <= epoch }
        for publisher in ready.keys { early[publisher] = nil }
        return ready.flatMap { resumes($0.key, $0.value.token, in: $0.value.epoch) }
    }

    private mutating func resumes(_ publisher: Publisher, _ token: String, in followed: Epoch?) -> [Directive] {
        if let followed, followed > epoch {
            // It asks again, should this be one too many.
            if early.count < Replica.mostPublishers { early[publisher] = (token, followed) }
            return []
        }
        // It may also know later than this server that its epoch is over. What it writes belongs to the epoch of this hub.
        let joined = max(activeEpoch, followed ?? activeEpoch)
        let received = replica.resumes(publisher, epoch: joined)
        if let gone = away[publisher], joined > gone.epoch { away[publisher] = nil }
        unconfirmed.insert(publisher)
        outgoing?.append(.moved(publisher, received: received, joined))
        let answer = Confirmation(received: received, replicated: confirmed[publisher] ?? 0, token: token)
        return [.confirm(publisher, answer)]
    }

    private mutating func publish(_ write: Write, isNews: Bool) -> Directive {
        replica.published(write)
        return .publish(write, isNews: isNews)
    }

    // MARK: - From the other hub

    private mutating func heard(_ frame: Frame, from server: MachineName) -> [Directive] {
        var directives: [Directive] = []
        do {
            for item in try incoming.take(frame) { directives += try apply(item, from: server) }
        } catch {
            directives.append(.warn("ignored a frame of \(server): \(error)"))
            incoming = IncomingStream()
        }
        // After what it says of authors that have moved.
        if let acknowledgement = frame.acknowledgement { acknowledged(acknowledgement) }
        return directives
    }

    private mutating func apply(_ item: StreamItem, from server: MachineName) throws(MalformedStream) -> [Directive] {
        if case .hello(server, let session) = item {
            if speaker?.server != server || speaker?.session != session {
                (newestHeard, answeredMark) = (nil, nil)
                partialChange.abandon()
            }
            speaker = (server, session)
            isIncomingComplete = false
            sendIndex()
            return []
        }
        guard speaker?.server == server else { throw MalformedStream() }
        switch item {
        case .hello: throw MalformedStream()
        case .live(let write):
            guard Topic.isCopied(write.message.topic) else { throw MalformedStream() }
            // The stream before this one brought it already.
            if let newestHeard, write.stamp.counter <= newestHeard { return [] }
            newestHeard = write.stamp.counter
            return partialChange.take(write).map { copied($0) } ?? []
        case .retained(let write):
            guard Topic.isCopied(write.message.topic) else { throw MalformedStream() }
            return carryOut(replica.merge(write), isNews: false)
        case .publisher(let publisher, let received):
            replica.merge(publisher, received: received)
            if isIncomingComplete { return noteCopied(publisher, received) }
            return [.storeProgress(publisher, received: replica.received(publisher))]
        case .moved(let publisher, let received, let epoch):
            replica.merge(publisher, received: received)
            noteMoved(publisher, received: received, in: epoch)
            return [.storeProgress(publisher, received: replica.received(publisher))]
        case .snapshotEnd: isIncomingComplete = true
        case .index(let stream, let topic, let stamp):
            if stream == outgoing?.identifier { outgoing?.peerHolds(topic, stamp) }
        case .indexEnd(let stream): if stream == outgoing?.identifier { outgoing?.peerHeldAll(replica) }
        case .mark(let number):
            let directives = partialChange.rest().flatMap { copied($0) }
            answeredMark = number
            outgoing?.append(.marked(number))
            return directives
        case .marked(let number):
            if let mark, mark.number == number { return [.copied(session: mark.session)] }
            if let mark, mark.number == nil, mark.probe == number { sendMark() }
        case .verify(let digest): return compare(digest)
        }
        return []
    }

    /// In messages: heartbeats go out in between.
    private static let readyPart = 100

    private mutating func copied(_ write: Write) -> [Directive] {
        let directives = carryOut(replica.copied(write), isNews: true)
        guard let identity = write.message.identity else { return directives }
        return directives + noteCopied(identity.publisher, identity.sequence, isPatient: write.message.isPatient)
    }

    /// What this hub took of it and the other one has not got yet will be refused there: the author repeats it.
    private mutating func noteMoved(_ publisher: Publisher, received: UInt64, in epoch: Epoch) {
        guard epoch > replica.publishers[publisher]?.movedIn ?? Epoch(0) else { return }
        away[publisher] = (received, epoch)
        if let sequence = taken[publisher], sequence > received { taken[publisher] = received }
        if away.count > Replica.mostPublishers { away.removeAll() }
    }

    /// Not what was refused, since its author publishes it here again.
    private mutating func noteCopied(
        _ publisher: Publisher, _ sequence: UInt64, isPatient: Bool = false
    ) -> [Directive] {
        let received = replica.received(publisher)
        guard received >= sequence else { return [] }
        if isPatient, isIncomingComplete {
            taken[publisher] = max(taken[publisher] ?? 0, sequence)
        } else {
            copied[publisher] = max(copied[publisher] ?? 0, sequence)
        }
        return [.storeProgress(publisher, received: received)]
    }

    private mutating func carryOut(_ application: Replica.Application, isNews: Bool) -> [Directive] {
        var directives: [Directive] = []
        if let write = application.stored { directives.append(.store(write)) }
        if let write = application.published { directives.append(publish(write, isNews: isNews)) }
        if let conflict = application.conflict { directives.append(.conflict(conflict)) }
        return directives
    }

    /// Both hubs should be the same whenever nothing is under way.
    private mutating func compare(_ digest: Digest) -> [Directive] {
        // Its own question may be under way: servers that were switched on together ask together.
        guard let outgoing, outgoing.messagesBehind == 0, outgoing.isInSync, digest != replica.digest else {
            mismatches = 0
            return []
        }
        mismatches += 1
        guard mismatches > 2 else { return [] }
        mismatches = 0
        self.outgoing?.mustBeginAnew = true
        let here = replica.digest.count
        return [.warn("the two hubs differ (\(here) topics here, \(digest.count) there): comparing them anew")]
    }

    // MARK: - To the other hub

    /// Longer than it takes to notice a break and to mend it. What is older is no news, and a server that was away for longer
    /// gets what is retained.
    private static let oldestUnheardTicks = 10
    private static let mostUnheard = 10_000
    private static let mostUnheardBytes = 16 * 1024 * 1024

    private mutating func dropUnheard() {
        unheardBytes -= unheard.removeFirst().write.message.payload.count
        // The present stream has it still, and says so later.
        if outgoing != nil { liveHeard += 1 }
    }

    private mutating func startStream(_ identifier: UInt64) {
        outgoing = OutgoingStream(identifier: identifier, server: replica.me, session: run)
        for (write, _) in unheard { outgoing?.append(.live(write)) }
        liveHeard = 0
        if let answeredMark { outgoing?.append(.marked(answeredMark)) }
        silentTicks = 0
        forgetMarksSent()
        sendIndex()
    }

    /// What this server holds, so that the other one knows what it lacks.
    private mutating func sendIndex() {
        guard speaker != nil, let stream = incoming.acknowledgement?.stream, outgoing != nil else { return }
        for (topic, write) in replica.retained {
            outgoing?.append(.index(stream: stream, topic: topic, write.stamp))
        }
        outgoing?.append(.indexEnd(stream: stream))
    }

    private mutating func acknowledged(_ acknowledgement: Frame.Acknowledgement) {
        guard acknowledgement.stream == outgoing?.identifier else { return }
        silentTicks = 0
        if let progress = outgoing?.acknowledged(acknowledgement) {
            replica.peerHas(progress.counter)
            for (publisher, sequence) in progress.published {
                let safe = min(sequence, away[publisher]?.received ?? sequence)
                taken[publisher] = max(taken[publisher] ?? 0, safe)
            }
        }
        if let outgoing {
            let heard = max(0, outgoing.liveApplied - liveHeard)
            for _ in 0..<min(heard, unheard.count) {
                unheardBytes -= unheard.removeFirst().write.message.payload.count
            }
            liveHeard += heard
        }
        sendProbe()
    }

    private mutating func sendProbe() {
        guard outgoing?.isInSync == true, let wanted = mark, wanted.probe == nil else { return }
        let number = appendMark()
        mark?.probe = number
    }

    private mutating func sendMark() {
        // From here on the other server confirms, also what these authors wait for already.
        for publisher in unconfirmed { outgoing?.append(.publisher(publisher, received: replica.received(publisher))) }
        let number = appendMark()
        mark?.number = number
    }

    private mutating func appendMark() -> UInt64? {
        guard let stream = outgoing?.identifier else { return nil }
        marks += 1
        // The answer to another run's mark is none.
        let number = stream &+ marks
        outgoing?.append(.mark(number))
        return number
    }

    private mutating func forgetMarksSent() {
        mark?.probe = nil
        mark?.number = nil
    }

    // MARK: - Flushing

    /// From the moment of its mark on, the other server must have what is confirmed.
    private var isSafeAlone: Bool { confirmsAlone && mark?.number == nil }

    /// What is due after one or many events.
    public mutating func flush() -> [Directive] {
        var directives = frames()
        // What came over a complete stream is on both hubs, whoever is active; and in a store, should both processes end.
        if isIncomingComplete, !copied.isEmpty {
            directives.append(.sync(copied, survivesPowerLoss: false))
            copied = [:]
        }
        if isSafeAlone, !unconfirmed.isEmpty {
            let progress = unconfirmed.map { ($0, replica.received($0)) }
            directives.append(.sync(Dictionary(uniqueKeysWithValues: progress), survivesPowerLoss: true))
            unconfirmed = []
        }
        return directives
    }

    private mutating func frames() -> [Directive] {
        guard outgoing != nil else { return [] }
        if outgoing?.isOverfull == true { outgoing?.mustBeginAnew = true }
        var directives: [Directive] = []
        while outgoing?.mustBeginAnew == false,
            let frame = outgoing?.nextFrame(replica, acknowledging: incoming.acknowledgement)
        {
            directives.append(.send(frame))
        }
        if directives.isEmpty, let acknowledgement = incoming.acknowledgement, acknowledgement != lastSent {
            directives.append(
                .send(Frame(stream: 0, number: 0, content: [], acknowledgement: acknowledgement)))
        }
        if !directives.isEmpty { lastSent = incoming.acknowledgement }
        return directives
    }

    private mutating func confirm(_ publisher: Publisher, _ sequence: UInt64) -> Directive {
        let safe = max(confirmed[publisher] ?? 0, sequence)
        confirmed[publisher] = safe
        return .confirm(publisher, Confirmation(received: replica.received(publisher), replicated: safe))
    }

    /// To authors that do not reach the other hub, or whose word its store is late with; a little later, since the others
    /// know already.
    public mutating func confirmTaken() -> [Directive] {
        guard hasTaken else { return [] }
        for (publisher, sequence) in taken where replica.received(publisher) <= sequence {
            unconfirmed.remove(publisher)
        }
        defer { taken = [:] }
        return [.sync(taken, survivesPowerLoss: false)]
    }

    // MARK: - Time

    private mutating func tick(_ now: Timestamp, nextStream: UInt64) -> [Directive] {
        ticks += 1
        while let first = unheard.first, ticks - first.tick > Self.oldestUnheardTicks { dropUnheard() }
        let forgotten = replica.forgetExpired(at: now) + replica.forgetTombstones()
        if confirmed.count > Replica.mostPublishers * 2 {
            confirmed = confirmed.filter { replica.publishers[$0.key] != nil }
        }
        if let outgoing {
            silentTicks = outgoing.isIdle ? 0 : silentTicks + 1
            if silentTicks > Self.mostSilentTicks || outgoing.mustBeginAnew {
                startStream(nextStream)
            } else if outgoing.isIdle, status.isInSync {
                self.outgoing?.append(.verify(replica.digest))
            }
        }
        return forgotten.map { .forget(topic: $0) }
    }
}
