import HubProtocol
import Replication

/// A server's `StateStore`: each write is whole or not at all, and survives the end of the process; those since the last
/// one that waited for the disk may be lost with the power, the newest first.
struct ShowStore {
    struct Changes {
        var retained: [String: Write] = [:]
        var forgotten: Set<String> = []
        var publishers: [Publisher: UInt64] = [:]
        var counter: UInt64 = 0
        var counterAtPeer: UInt64 = 0

        var isEmpty: Bool { retained.isEmpty && forgotten.isEmpty && publishers.isEmpty }
    }

    struct Content {
        var retained: [String: Write] = [:]
        var publishers: [Publisher: UInt64] = [:]
        var counter: UInt64 = 0
        var counterAtPeer: UInt64 = 0

        mutating func apply(_ changes: Changes) {
            retained.merge(changes.retained) { $1 }
            for topic in changes.forgotten { retained[topic] = nil }
            publishers.merge(changes.publishers) { $1 }
            (counter, counterAtPeer) = (changes.counter, changes.counterAtPeer)
        }
    }

    /// What a process that starts now would read.
    private(set) var content = Content()
    private var durable = Content()
    private var sinceDurable: [Changes] = []
    /// Being written.
    private(set) var writing: (changes: Changes, isDurable: Bool)?
    /// Counts the ends of the process: a write that was under way at one of them ends with it.
    private(set) var ends = 0

    /// As `StateStore.startRun`.
    mutating func startRun() -> Content {
        content.counter = Replica.nextCounter(after: content.counter, Array(content.retained.values))
        (durable, sinceDurable) = (content, [])
        return content
    }

    mutating func write(_ changes: Changes, isDurable: Bool) { writing = (changes, isDurable) }

    mutating func written() {
        guard let (changes, isDurable) = writing else { return }
        writing = nil
        content.apply(changes)
        sinceDurable.append(changes)
        guard isDurable else { return }
        durable = content
        sinceDurable = []
    }

    /// - Parameters:
    ///   - keepsFirst: the write that was under way was finished, and nobody was told.
    ///   - lost: without power, how many of the writes that did not wait for the disk.
    mutating func end(keepsFirst: Bool, losing lost: (_ most: Int) -> Int) {
        if keepsFirst { written() }
        writing = nil
        ends += 1
        let kept = sinceDurable.count - lost(sinceDurable.count)
        guard kept < sinceDurable.count else { return }
        for changes in sinceDurable.prefix(kept) { durable.apply(changes) }
        (content, sinceDurable) = (durable, [])
    }

    mutating func lose() { (content, durable, sinceDurable) = (Content(), Content(), []) }
}
