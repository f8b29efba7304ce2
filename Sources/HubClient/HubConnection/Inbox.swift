import DequeModule
import FailoverCore
import HubProtocol
import MQTTSession

/// Merges what a subscription gets from both hubs into one stream without repetition, in which each author's messages
/// keep their order (invariants I4 and I5). A value without clock or IO.
///
/// Each hub sends each author's messages in order, and without a gap as long as its session lasts. So of two such streams
/// the one that is ahead is taken, and the other one brings nothing new.
struct Inbox {
    /// The newest message of each author.
    private var newest: [Publisher: UInt64] = [:]
    /// What was delivered last on each topic, to know a retained message again.
    private var last: [String: Delivered] = [:]
    /// Of authors who know no identities: delivered, and a copy may follow. Each with the hub on which it arrived.
    private var originals: [MachineName: Deque<Content>] = [:]
    /// The same the other way round: the copy came first.
    private var copies: [MachineName: Deque<Content>] = [:]

    private struct Delivered {
        var identity: MessageIdentity?
        var content: Content
    }

    private struct Content: Hashable {
        var topic: String
        /// Of the payload. Two that share it and follow each other on one topic would be taken for one.
        var hash: Int

        init(_ message: Message) {
            topic = message.topic
            hash = message.payload.hashValue
        }
    }

    /// Longer ones are of the past.
    private static let mostUnmatched = 10_000
    private static let mostTopics = 200_000
    private static let mostPublishers = 50_000

    /// Whether the message is news.
    ///
    /// - Parameters:
    ///   - hub: the server whose hub delivered it.
    ///   - isFollowed: what is retained there is the state of the show.
    mutating func take(_ message: Message, from hub: MachineName, isFollowed: Bool) -> Bool {
        let property = { (name: String) in message.userProperties.first { $0.name == name }?.value }
        let identity = property(MessageProperty.identity).flatMap(MessageIdentity.init)
        let origin = property(MessageProperty.origin).flatMap(MachineName.init)
        let isSnapshot = message.isRetained || property(MessageProperty.snapshot) != nil
        if isSnapshot { return isFollowed && takeState(message, identity) }
        if let origin, origin != hub, identity?.publisher.machine == origin {
            return takeCopy(message, identity, of: origin)
        }
        guard let identity else { return takeOriginal(message, of: hub) }
        guard identity.sequence > newest[identity.publisher] ?? 0, !isKnown(message, identity) else { return false }
        note(message, identity)
        return true
    }

    /// When a hub is lost, no original follows a copy any more.
    mutating func lost(_ hub: MachineName) { copies[hub] = nil }

    private mutating func takeState(_ message: Message, _ identity: MessageIdentity?) -> Bool {
        if let known = last[message.topic] {
            if let identity, let before = known.identity, before.publisher == identity.publisher {
                guard identity.sequence > before.sequence else { return false }
            } else if known.content == Content(message) {
                return false
            }
        }
        note(message, identity)
        return true
    }

    /// Delivered as a part of the state before.
    private func isKnown(_ message: Message, _ identity: MessageIdentity) -> Bool {
        guard let before = last[message.topic]?.identity, before.publisher == identity.publisher else { return false }
        return identity.sequence <= before.sequence
    }

    private mutating func takeOriginal(_ message: Message, of hub: MachineName) -> Bool {
        let content = Content(message)
        if copies[hub]?.first == content {
            copies[hub]?.removeFirst()
            return false
        }
        push(content, to: &originals[hub, default: []])
        note(message, nil)
        return true
    }

    private mutating func takeCopy(_ message: Message, _ identity: MessageIdentity?, of hub: MachineName) -> Bool {
        let content = Content(message)
        if let index = originals[hub]?.firstIndex(of: content) {
            originals[hub]?.removeFirst(index + 1)
            return false
        }
        if let identity, isKnown(message, identity) { return false }
        push(content, to: &copies[hub, default: []])
        note(message, identity)
        return true
    }

    private func push(_ content: Content, to queue: inout Deque<Content>) {
        queue.append(content)
        if queue.count > Self.mostUnmatched { queue.removeFirst() }
    }

    private mutating func note(_ message: Message, _ identity: MessageIdentity?) {
        if let identity { newest[identity.publisher] = max(newest[identity.publisher] ?? 0, identity.sequence) }
        last[message.topic] = Delivered(identity: identity, content: Content(message))
        // Forgetting costs a repetition of something old at worst, and only when a hub comes back just then.
        if last.count > Self.mostTopics { last.removeAll(keepingCapacity: true) }
        if newest.count > Self.mostPublishers { newest.removeAll(keepingCapacity: true) }
    }
}
