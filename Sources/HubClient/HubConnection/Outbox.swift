import DequeModule
import HubProtocol
import MQTTSession

/// What an author has published and may have to publish again on another hub: everything that is not known to be on
/// both. A value without clock or IO.
struct Outbox {
    /// One that is to be sent on the hub that is followed.
    struct Item {
        var sequence: UInt64
        var publication: Publication
    }

    /// What may be unconfirmed at a time; more has to wait.
    static let mostItems = 10_000
    static let mostBytes = 16 * 1024 * 1024

    private let publisher: Publisher
    private var items: Deque<Item> = []
    private var bytes = 0
    private var last: UInt64 = 0

    init(publisher: Publisher) { self.publisher = publisher }

    var isFull: Bool { items.count >= Self.mostItems || bytes >= Self.mostBytes }
    var isEmpty: Bool { items.isEmpty }

    mutating func add(_ publication: Publication) -> Item {
        last += 1
        var publication = publication
        let identity = MessageIdentity(publisher: publisher, sequence: last)
        publication.userProperties.append(.init(name: MessageProperty.identity, value: identity.description))
        let item = Item(sequence: last, publication: publication)
        items.append(item)
        bytes += publication.payload.count
        return item
    }

    /// What a hub that has everything up to `received` must still get, in order.
    func missing(after received: UInt64) -> [Item] { items.filter { $0.sequence > received } }

    /// Both hubs have everything up to here.
    mutating func confirmed(_ sequence: UInt64) {
        while let first = items.first, first.sequence <= sequence {
            bytes -= first.publication.payload.count
            items.removeFirst()
        }
    }

    /// Its author was told that it failed, and must not find it on a hub later.
    mutating func withdraw(_ sequence: UInt64) {
        guard let index = items.firstIndex(where: { $0.sequence == sequence }) else { return }
        bytes -= items[index].publication.payload.count
        items.remove(at: index)
    }
}
