import HubProtocol

/// A message with its place in the order of the site: what is copied, and what is kept of a topic.
public struct Write: Hashable, Sendable {
    public var message: HubMessage
    public var stamp: Stamp
    /// The next one in the stream belongs to the same change: whoever reads it applies all of them at once, or none.
    public var isContinued = false

    public init(message: HubMessage, stamp: Stamp) {
        self.message = message
        self.stamp = stamp
    }

    /// The hub before its deletion is known by the tombstone that stays: else an older copy would bring it back.
    public var isTombstone: Bool { message.isDeletion }

    /// A message whose author knows no identities gets one from its stamp, so that readers of both hubs see it once.
    public var identity: MessageIdentity? {
        if let identity = message.identity { return identity }
        let publisher = Publisher(machine: stamp.origin, session: "\(Publisher.hubSessionPrefix)\(stamp.epoch)")
        return publisher.map { MessageIdentity(publisher: $0, sequence: stamp.counter) }
    }

    /// Of topic and stamp; the same in every process and on every machine (FNV-1a).
    var hash: UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        message.topic.utf8.forEach(add)
        for number in [stamp.epoch.number, stamp.counter] {
            for shift in stride(from: 0, to: 64, by: 8) { add(UInt8(truncatingIfNeeded: number >> UInt64(shift))) }
        }
        stamp.origin.description.utf8.forEach(add)
        return hash
    }
}

/// Count and sum of all that is retained: equal on both hubs when both hold the same.
public struct Digest: Hashable, Sendable {
    public var count: UInt64 = 0
    public var sum: UInt64 = 0

    public init(count: UInt64 = 0, sum: UInt64 = 0) {
        self.count = count
        self.sum = sum
    }

    mutating func add(_ write: Write) {
        // What expires does so on each machine's own clock.
        guard write.message.expiry == nil else { return }
        count += 1
        sum &+= write.hash
    }

    mutating func remove(_ write: Write) {
        guard write.message.expiry == nil else { return }
        count -= 1
        sum &-= write.hash
    }
}
