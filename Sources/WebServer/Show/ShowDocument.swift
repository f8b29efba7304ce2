import FailoverCore
import HubClient
import HubProtocol

/// The delays and routes of the machines, as the panels of that name show them.
struct ShowDocument: Encodable, Sendable {
    struct Item: Encodable, Sendable {
        let machine: MachineName
        let kind: ShowItem.Kind
        /// The rest of the topic.
        let item: String
        /// `nil`: no text, or too long for people.
        let text: String?
        /// Of the value, in bytes.
        let size: Int
    }

    /// Which hub this is the show of; `nil` while none is reached.
    @NullWhenNil private(set) var hub: MachineName?
    /// By machine and item.
    private(set) var items: [Item]
    /// There are more items than these.
    let isCut: Bool

    init(_ values: [ShowItem: [UInt8]], on hub: MachineName?) {
        self.hub = hub
        items = values.sorted { $0.key < $1.key }.prefix(Bounds.showItems).map { item, value in
            let text = value.count <= Bounds.showText ? String(validating: value, as: UTF8.self) : nil
            return Item(machine: item.machine, kind: item.kind, item: item.path, text: text, size: value.count)
        }
        isCut = values.count > Bounds.showItems
    }

    /// What one machine may see that sees its own items only.
    func only(of machine: MachineName) -> ShowDocument {
        var document = self
        document.items.removeAll { $0.machine != machine }
        return document
    }
}

/// A delay or a route of a machine: `show/NAME/delays/…`, `show/NAME/routing/…`.
struct ShowItem: Hashable, Comparable, Sendable {
    enum Kind: String, Encodable, Sendable, CaseIterable {
        case delays, routing
    }

    let machine: MachineName
    let kind: Kind
    let path: String

    /// Returns `nil` for any other topic.
    init?(topic: String) {
        let levels = topic.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard levels.count == 4, levels[0] == "show", let machine = MachineName(String(levels[1])),
            let kind = Kind(rawValue: String(levels[2])), !levels[3].isEmpty
        else { return nil }
        self.machine = machine
        self.kind = kind
        path = String(levels[3])
    }

    var topic: String { "show/\(machine)/\(kind.rawValue)/\(path)" }

    static let filters = Kind.allCases.map { "show/+/\($0.rawValue)/#" }

    static func < (left: Self, right: Self) -> Bool {
        (left.machine.description, left.kind.rawValue, left.path)
            < (right.machine.description, right.kind.rawValue, right.path)
    }
}
