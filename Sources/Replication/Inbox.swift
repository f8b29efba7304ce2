import DequeModule
import FailoverCore
import HubProtocol

/// Merges what a subscription gets from both hubs into one stream without repetition, in which each author's messages
/// keep their order (invariants I4 and I5). A value without clock or IO.
///
/// Each hub sends each author's messages in order, and without a gap as long as its session lasts. So of two such streams
/// the one that is ahead is taken, and the other one brings nothing new.
public struct Inbox: Sendable {
    /// A message as one hub delivered it.
    public struct Item: Hashable, Sendable {
        public var topic: String
        /// Of the payload. Two that share it and follow each other on one topic would be taken for one.
        public var hash: Int
        public var identity: MessageIdentity?
        /// The server on whose hub it arrived first; `nil` on that hub.
        public var origin: MachineName?
        /// What the hub retains, and no news.
        public var isState: Bool

        public init(topic: String, hash: Int, identity: MessageIdentity?, origin: MachineName?, isState: Bool) {
            (self.topic, self.hash, self.identity) = (topic, hash, identity)
            (self.origin, self.isState) = (origin, isState)
        }

        fileprivate var content: Content { Content(topic: topic, hash: hash) }
    }

    /// The newest of each author's news.
    private var newest: [Publisher: UInt64] = [:]
    /// What was delivered as state before its news came: what one hub retains may be ahead of all that the other one has
    /// still to tell.
    private var ahead: [Publisher: [String: UInt64]] = [:]
    /// What was delivered last on each topic, to know a retained message again.
    private var last: [String: Delivered] = [:]
    /// Of authors who know no identities: delivered, and a copy may follow. Each with the hub on which it arrived.
    private var originals: [MachineName: Deque<Content>] = [:]
    /// The same the other way round: the copy came first.
    private var copies: [MachineName: Deque<Content>] = [:]

    private struct Delivered {
        var identity: MessageIdentity?
        var content: Content
        /// Its news may still come.
        var wasState: Bool
    }

    fileprivate struct Content: Hashable {
        var topic: String
        var hash: Int
    }

    /// Longer ones are of the past.
    private static let mostUnmatched = 10_000
    private static let mostTopics = 200_000
    private static let mostPublishers = 50_000

    public init() {}

    /// Whether the message is news.
    ///
    /// - Parameters:
    ///   - hub: the server whose hub delivered it.
    ///   - isFollowed: what is retained there is the state of the show.
    public mutating func take(_ item: Item, from hub: MachineName, isFollowed: Bool) -> Bool {
        if item.isState { return isFollowed && takeState(item) }
        if let origin = item.origin, origin != hub, let publisher = item.identity?.publisher, publisher.isHub,
            publisher.machine == origin
        {
            return takeCopy(item, of: origin)
        }
        guard let identity = item.identity else { return takeOriginal(item, of: hub) }
        guard identity.sequence > newest[identity.publisher] ?? 0 else { return false }
        newest[identity.publisher] = identity.sequence
        guard !wasAhead(item.topic, identity), !isKnown(item) else { return false }
        note(item)
        return true
    }

    /// Whether this state is another one than the reader was given last.
    public func lacks(_ item: Item) -> Bool {
        guard let known = last[item.topic] else { return true }
        if let identity = item.identity, let before = known.identity { return identity != before }
        return known.content != item.content
    }

    /// When a hub is lost, no original follows a copy any more.
    public mutating func lost(_ hub: MachineName) { copies[hub] = nil }

    private mutating func takeState(_ item: Item) -> Bool {
        if let known = last[item.topic] {
            if let identity = item.identity, let before = known.identity, before.publisher == identity.publisher {
                guard identity.sequence > before.sequence else { return false }
            } else if known.content == item.content {
                return false
            }
        }
        if let identity = item.identity, identity.sequence > newest[identity.publisher] ?? 0 {
            let before = ahead[identity.publisher]?[item.topic] ?? 0
            ahead[identity.publisher, default: [:]][item.topic] = max(before, identity.sequence)
        }
        note(item)
        return true
    }

    /// It, or what replaced it, was delivered as state before.
    private mutating func wasAhead(_ topic: String, _ identity: MessageIdentity) -> Bool {
        guard let known = ahead[identity.publisher] else { return false }
        let left = known.filter { $0.value > identity.sequence }
        ahead[identity.publisher] = left.isEmpty ? nil : left
        return known[topic].map { $0 >= identity.sequence } ?? false
    }

    /// Nothing was read yet.
    public var isFresh: Bool { last.isEmpty }

    /// Delivered as a part of the state before.
    private func isKnown(_ item: Item) -> Bool {
        guard let identity = item.identity, let before = last[item.topic]?.identity,
            before.publisher == identity.publisher
        else { return false }
        return identity.sequence <= before.sequence
    }

    private mutating func takeOriginal(_ item: Item, of hub: MachineName) -> Bool {
        if let index = copies[hub]?.firstIndex(of: item.content) {
            // Those before it came to the hub before this reader did: their originals never come.
            copies[hub]?.removeFirst(index + 1)
            return false
        }
        guard !wasState(item) else { return false }
        push(item.content, to: &originals[hub, default: []])
        note(item)
        return true
    }

    private mutating func takeCopy(_ item: Item, of hub: MachineName) -> Bool {
        if let index = originals[hub]?.firstIndex(of: item.content) {
            originals[hub]?.removeFirst(index + 1)
            if let identity = item.identity {
                newest[identity.publisher] = max(newest[identity.publisher] ?? 0, identity.sequence)
            }
            return false
        }
        if let identity = item.identity {
            // A hub that started anew may get what the one before it had.
            guard identity.sequence > newest[identity.publisher] ?? 0 else { return false }
            newest[identity.publisher] = identity.sequence
        }
        guard !isKnown(item), !wasState(item) else { return false }
        push(item.content, to: &copies[hub, default: []])
        note(item)
        return true
    }

    /// Of an author without identities, and delivered as state before.
    private mutating func wasState(_ item: Item) -> Bool {
        guard let before = last[item.topic], before.wasState, before.content == item.content else { return false }
        last[item.topic]?.wasState = false
        return true
    }

    private func push(_ content: Content, to queue: inout Deque<Content>) {
        queue.append(content)
        if queue.count > Self.mostUnmatched { queue.removeFirst() }
    }

    private mutating func note(_ item: Item) {
        last[item.topic] = Delivered(identity: item.identity, content: item.content, wasState: item.isState)
        // Forgetting costs a repetition of something old at worst, and only when a hub comes back just then.
        if last.count > Self.mostTopics { last.removeAll(keepingCapacity: true) }
        if newest.count > Self.mostPublishers { newest.removeAll(keepingCapacity: true) }
        if ahead.count > Self.mostPublishers { ahead.removeAll(keepingCapacity: true) }
    }
}
