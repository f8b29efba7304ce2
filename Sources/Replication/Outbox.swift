import DequeModule
import HubProtocol

/// What an author has published and may have to publish again on another hub: everything that is not known to be on
/// both. A value without clock or IO.
public struct Outbox: Sendable {
    /// What may be unconfirmed at a time; more has to wait.
    public static let mostMessages = 10_000
    public static let mostBytes = 16 * 1024 * 1024

    private let publisher: Publisher
    private var messages: Deque<HubMessage> = []
    private var bytes = 0
    private var last: UInt64 = 0

    public init(publisher: Publisher) { self.publisher = publisher }

    public var isFull: Bool { messages.count >= Self.mostMessages || bytes >= Self.mostBytes }

    /// - Returns: the same with its identity.
    public mutating func add(_ message: HubMessage) -> HubMessage {
        last += 1
        var message = message
        message.identity = MessageIdentity(publisher: publisher, sequence: last)
        messages.append(message)
        bytes += message.payload.count
        return message
    }

    /// What a hub that has everything up to `received` must still get, in order.
    public func missing(after received: UInt64) -> [HubMessage] {
        messages.filter { $0.sequence > received }
    }

    /// Both hubs have everything up to here.
    ///
    /// - Returns: what that is news of.
    public mutating func confirmed(_ sequence: UInt64) -> [UInt64] {
        var done: [UInt64] = []
        while let first = messages.first, first.sequence <= sequence {
            bytes -= first.payload.count
            done.append(first.sequence)
            messages.removeFirst()
        }
        return done
    }

    /// Its author was told that it failed, and must not find it on a hub later.
    public mutating func withdraw(_ sequence: UInt64) {
        guard let index = messages.firstIndex(where: { $0.sequence == sequence }) else { return }
        bytes -= messages[index].payload.count
        messages.remove(at: index)
    }
}

extension HubMessage {
    /// 0 before it was added to an outbox.
    public var sequence: UInt64 { identity?.sequence ?? 0 }
}
