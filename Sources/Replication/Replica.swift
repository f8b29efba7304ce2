import FailoverCore
import HubProtocol

/// What one server knows of the show: all that is retained, as a map in which the last writer wins, and how far each
/// author has come. A value without clock or IO; both servers run it, each for its own hub.
///
/// Messages reach it on two ways: as they arrive on the own hub, in the broker's order, and from the other server's
/// replica, in that one's order. Both ways may be late or repeated as a whole; what wins depends on stamps alone, so both
/// servers end with the same map.
public struct Replica: Sendable {
    /// What is to be done about a message that arrived on the own hub.
    public struct Arrival: Hashable, Sendable {
        /// To be copied to the other hub, and stored if it is retained; `nil`: it is known already.
        public var new: Write?
        /// To be published here again: the broker may retain something else than this map now.
        public var repair: Write?
    }

    /// What is to be done about a copy of the other hub's message.
    public struct Application: Hashable, Sendable {
        /// To be published on the own hub.
        public var published: Write?
        /// To be stored.
        public var stored: Write?
        /// A choice between two writes that did not know of each other.
        public var conflict: Conflict?
    }

    /// Two servers took a write to one topic, and neither had seen the other's.
    public struct Conflict: Hashable, Sendable {
        public var kept: Write
        public var dropped: Write
    }

    /// How far an author has come.
    public struct Progress: Hashable, Sendable {
        /// Its highest message that this hub has.
        public var received: UInt64 = 0
        /// The epoch in which it began to publish here. What the other hub took of it before that epoch was over comes
        /// too late: the author has published it here again.
        public var movedIn: Epoch?
    }

    public let me: MachineName
    /// By topic. Tombstones among them.
    public private(set) var retained: [String: Write] = [:]
    public private(set) var publishers: [Publisher: Progress] = [:]
    /// Of `retained`.
    public private(set) var digest = Digest()
    /// Of `retained`: what is looked at each second, without going through all of it.
    private var tombstones: Set<String> = []
    private var expiring: Set<String> = []
    /// Of this server's newest stamp.
    public private(set) var counter: UInt64 = 0
    /// The other server has every write of this one up to here.
    public private(set) var counterAtPeer: UInt64 = 0
    /// Own publishes that the broker has not answered, by topic.
    private var unanswered: [String: Int] = [:]
    /// Who published longest ago goes first, when there are more than can be remembered.
    private var order: [Publisher] = []

    /// A site's authors of many days. One that was forgotten could repeat what it had not seen confirmed.
    public static let mostPublishers = 20_000
    /// A site's deletions of many days. One that was forgotten could come back with a server that was away for as long.
    public static let mostTombstones = 100_000

    /// Stamps that a server can give before the first of them is on disk.
    private static let mostUnwritten: UInt64 = 1_000_000

    /// Where a server that starts counts on: above all that it gave, also what was not written down before its end. It must be
    /// on disk before the first stamp is given, or the next run would begin there again.
    public static func nextCounter(after counter: UInt64, _ stored: [Write]) -> UInt64 {
        max(counter, stored.map(\.stamp.counter).max() ?? 0) + mostUnwritten
    }

    public init(me: MachineName) { self.me = me }

    /// What was stored; before anything else.
    ///
    /// - Parameter counter: see `nextCounter`.
    public init(me: MachineName, stored: [Write], publishers: [Publisher: UInt64], counter: UInt64, atPeer: UInt64) {
        self.me = me
        for write in stored { keep(write) }
        for (publisher, received) in publishers { advance(publisher, to: received) }
        self.counter = max(self.counter, counter)
        counterAtPeer = atPeer
    }

    // MARK: - The own hub

    /// - Parameters:
    ///   - epoch: the newest that this server knows.
    ///   - activeEpoch: the newest in which its hub was active. An author who knows identities publishes on the active hub
    ///     only: what comes here later is late, and it will be published again on the hub that is active now. There it is
    ///     to win, whatever the counters say. An author may also be early: see `resumes`.
    public mutating func arrived(_ message: HubMessage, epoch: Epoch, activeEpoch: Epoch) -> Arrival {
        let epoch = message.identity.map { max(activeEpoch, publishers[$0.publisher]?.movedIn ?? activeEpoch) } ?? epoch
        if let identity = message.identity {
            guard identity.sequence > received(identity.publisher) else {
                // The broker retains it again, perhaps over something newer.
                guard message.isRetained, let kept = retained[message.topic], kept.message.identity != identity else {
                    return Arrival()
                }
                return Arrival(repair: kept)
            }
            advance(identity.publisher, to: identity.sequence)
            if publishers[identity.publisher]?.movedIn == nil { publishers[identity.publisher]?.movedIn = epoch }
        }
        counter += 1
        let write = Write(message: message, stamp: Stamp(epoch: epoch, counter: counter, origin: me))
        guard message.isRetained else { return Arrival(new: write) }
        if let kept = retained[message.topic], kept.stamp > write.stamp {
            // Known already from a newer epoch than this server has heard of itself.
            return Arrival(new: write, repair: kept)
        }
        keep(write)
        // Which of the two the broker took last, this one or the own publish that is under way, cannot be told from here.
        return Arrival(new: write, repair: unanswered[message.topic] == nil ? nil : write)
    }

    /// The author is about to publish here, and wants to know what need not be repeated.
    ///
    /// - Parameter epoch: in which this hub is active, as the author or this server knows: the higher one.
    /// - Returns: the highest of its messages that this hub has.
    public mutating func resumes(_ publisher: Publisher, epoch: Epoch) -> UInt64 {
        advance(publisher, to: 0)
        let before = publishers[publisher]?.movedIn ?? epoch
        publishers[publisher]?.movedIn = max(before, epoch)
        return received(publisher)
    }

    public mutating func published(_ write: Write) {
        guard write.message.isRetained else { return }
        unanswered[write.message.topic, default: 0] += 1
    }

    public mutating func answered(_ write: Write) {
        guard write.message.isRetained, let count = unanswered[write.message.topic] else { return }
        unanswered[write.message.topic] = count == 1 ? nil : count - 1
    }

    // MARK: - The other hub

    /// A message as the other hub took it, live.
    public mutating func copied(_ write: Write) -> Application {
        counter = max(counter, write.stamp.counter)
        if let identity = write.message.identity {
            let progress = publishers[identity.publisher] ?? Progress()
            if identity.sequence <= progress.received { return merge(write) }
            if let epoch = progress.movedIn, write.stamp.epoch <= epoch, write.stamp.origin != me {
                return Application()
            }
            advance(identity.publisher, to: identity.sequence)
        }
        guard write.message.isRetained else { return Application(published: write) }
        var application = merge(write)
        // News for the readers here also where the hub's state stays as it was: the deletion of what it never had, or the
        // same value once more.
        if application.stored != nil { application.published = write }
        return application
    }

    /// What the other server retains, from its whole map: of each topic the newest, in no order.
    public mutating func merge(_ write: Write) -> Application {
        counter = max(counter, write.stamp.counter)
        guard write.message.isRetained else { return Application() }
        let kept = retained[write.message.topic]
        let conflict = kept.flatMap { self.conflict(between: $0, and: write) }
        if let kept, kept.stamp >= write.stamp { return Application(conflict: conflict) }
        keep(write)
        // The same message under a newer stamp: its author has published it on both hubs.
        let isThere = kept.map { isSame($0.message, write.message) } ?? write.isTombstone
        return Application(published: isThere ? nil : write, stored: write, conflict: conflict)
    }

    private func isSame(_ one: HubMessage, _ other: HubMessage) -> Bool {
        one.identity == other.identity && one.payload == other.payload && one.properties == other.properties
    }

    private func conflict(between kept: Write, and other: Write) -> Conflict? {
        guard kept.stamp.origin == me, other.stamp.origin != me, kept.stamp.counter > counterAtPeer,
            kept.message.payload != other.message.payload
        else { return nil }
        return kept.stamp > other.stamp ? Conflict(kept: kept, dropped: other) : Conflict(kept: other, dropped: kept)
    }

    public mutating func merge(_ publisher: Publisher, received: UInt64) { advance(publisher, to: received) }

    /// The other server has applied every write of this one up to this counter.
    public mutating func peerHas(_ counter: UInt64) { counterAtPeer = max(counterAtPeer, counter) }

    /// Whether the other server, which holds this of a topic, needs what is held here.
    public func isNewer(_ topic: String, than stamp: Stamp?) -> Bool {
        guard let own = retained[topic] else { return false }
        return stamp.map { own.stamp > $0 } ?? true
    }

    // MARK: - Keeping

    public func received(_ publisher: Publisher) -> UInt64 { publishers[publisher]?.received ?? 0 }

    private mutating func keep(_ write: Write) {
        counter = max(counter, write.stamp.counter)
        let topic = write.message.topic
        if let old = retained.updateValue(write, forKey: topic) { digest.remove(old) }
        digest.add(write)
        if write.isTombstone { tombstones.insert(topic) } else { tombstones.remove(topic) }
        if write.message.expiry != nil { expiring.insert(topic) } else { expiring.remove(topic) }
    }

    private mutating func advance(_ publisher: Publisher, to sequence: UInt64) {
        guard let known = publishers[publisher] else {
            publishers[publisher] = Progress(received: sequence)
            order.append(publisher)
            if order.count > Self.mostPublishers * 2 { forgetPublishers() }
            return
        }
        if sequence > known.received { publishers[publisher]?.received = sequence }
    }

    private mutating func forgetPublishers() {
        for publisher in order.prefix(Self.mostPublishers) { publishers[publisher] = nil }
        order.removeFirst(Self.mostPublishers)
    }

    /// Forgets the oldest deletions where there are more than a site can need.
    ///
    /// - Returns: their topics.
    public mutating func forgetTombstones() -> [String] {
        guard tombstones.count > Self.mostTombstones else { return [] }
        let oldest = tombstones.compactMap { retained[$0] }.sorted { $0.stamp < $1.stamp }
            .prefix(tombstones.count - Self.mostTombstones / 2)
        for write in oldest { drop(write) }
        return oldest.map(\.message.topic)
    }

    /// Forgets what the brokers have dropped by now.
    ///
    /// - Returns: their topics.
    public mutating func forgetExpired(at now: Timestamp) -> [String] {
        let expired = expiring.compactMap { retained[$0] }.filter { $0.message.expiry.map { $0 <= now } ?? false }
        for write in expired { drop(write) }
        return expired.map(\.message.topic)
    }

    private mutating func drop(_ write: Write) {
        retained[write.message.topic] = nil
        tombstones.remove(write.message.topic)
        expiring.remove(write.message.topic)
        digest.remove(write)
    }
}
