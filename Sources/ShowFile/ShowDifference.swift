import FailoverCore
import HubProtocol
import Replication

/// What must be published so that the live state becomes another one: of each topic that differs, one message.
public struct ShowDifference: Equatable, Sendable {
    /// In the order of their topics.
    public private(set) var sets: [ShowItem] = []
    public private(set) var deletions: [String] = []

    public var isEmpty: Bool { sets.isEmpty && deletions.isEmpty }

    /// - Parameters:
    ///   - live: what the hub retains, by topic; what is no state of the show is left alone.
    ///   - now: what of `wanted` has expired by then is not wanted any more.
    public init(from live: [String: Write], to wanted: [ShowItem], at now: Timestamp) {
        var kept: Set<String> = []
        for item in wanted where !item.isExpired(at: now) {
            kept.insert(item.topic)
            if live[item.topic].flatMap({ ShowItem($0.message) }) != item { sets.append(item) }
        }
        for (topic, write) in live where !kept.contains(topic) && ShowItem(write.message) != nil {
            deletions.append(topic)
        }
        sets.sort { $0.topic < $1.topic }
        deletions.sort()
    }

    /// As they are published, by an author who publishes nothing else.
    public func messages(from author: Publisher) -> [HubMessage] {
        let all =
            sets.map(\.message) + deletions.map { HubMessage(topic: $0, payload: [], isRetained: true) }
        return all.enumerated().map { index, message in
            var message = message
            message.identity = MessageIdentity(publisher: author, sequence: UInt64(index) + 1)
            return message
        }
    }

    /// For people.
    public var summary: String {
        switch (sets.count, deletions.count) {
        case (0, 0): "nothing changed: the show is as it was saved"
        case (let sets, let deletions): "\(sets) of its items set, \(deletions) others deleted"
        }
    }
}
