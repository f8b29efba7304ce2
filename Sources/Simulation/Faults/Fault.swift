import FailoverCore

/// One thing that goes wrong, for a while; or that an operator orders at a bad moment.
enum Fault {
    enum Kind: String, CaseIterable {
        case crash, powerLoss, powerCut, hang, stop, cut, isolation, flap, slowness, loss, reset, falseRefusal,
            slowDisk,
            clientCrash, clientHang, clientLeaves, deafWitnesses, pairCut, wallJump,
            switchOver, stopSite, removeBackup, addBackup, force

        var isOfClients: Bool {
            switch self {
            case .clientCrash, .clientHang, .clientLeaves, .deafWitnesses: true
            default: false
            }
        }

        /// Nobody is gone and no way is worse for it.
        var isStall: Bool {
            switch self {
            case .hang, .clientHang, .slowDisk: true
            default: false
            }
        }

        var isOrder: Bool {
            switch self {
            case .switchOver, .stopSite, .removeBackup, .addBackup, .force: true
            default: false
            }
        }
    }

    /// Of the process, with what was not on disk; it starts again at the end.
    case crash(Node)
    /// Of the machine: nobody answers until the end.
    case powerLoss([Node])
    case hang(Node)
    /// In good order; it starts again at the end.
    case stop(Node)
    /// Nothing arrives over these ways; it may arrive when they are open again.
    case cut([Path], holding: Bool)
    /// The same, again and again.
    case flap([Path], pause: Span)
    case slowness([Path], Span)
    /// Messages are lost, come twice or late.
    case loss([Path], lost: Double, twice: Double, late: Double)
    /// A session ends and comes back.
    case reset([SessionKey])
    /// Sessions end and every new connection is refused, although the server lives.
    case falseRefusal([SessionKey])
    /// Every write takes long.
    case slowDisk(Node)
    case clientLeaves(Node)
    /// The servers lose each other just when one of them writes a pair down: what comes between the two writes of a pair
    /// rarely meets it by chance.
    case pairCut
    case wallJump(Node, milliseconds: Int64)
    /// An operator's, given to this server.
    case order(Order, at: Node)

    /// A directed way between two nodes.
    struct Path {
        var from: Node
        var to: Node
    }

    static let betweenServers = Node.servers.map { Path(from: $0, to: $0.other) }

    /// The servers at which all of it happens: nobody else is touched. None for a fault that touches clients.
    var servers: [Node] {
        switch self {
        case .crash(let node), .hang(let node), .stop(let node), .slowDisk(let node), .clientLeaves(let node),
            .wallJump(let node, _):
            node.isServer ? [node] : []
        case .powerLoss(let nodes): nodes.count == 1 && nodes[0].isServer ? nodes : []
        case .cut(let paths, _), .flap(let paths, _), .slowness(let paths, _), .loss(let paths, _, _, _):
            Node.servers.filter { server in paths.allSatisfy { $0.from == server || $0.to == server } }
        case .reset(let keys), .falseRefusal(let keys):
            Node.servers.filter { server in keys.allSatisfy { $0.owner == server || $0.server == server } }
        // It concerns the whole site.
        case .order, .pairCut: []
        }
    }

    /// The one server that is lost to everybody by it.
    var lostServer: Node? {
        switch self {
        case .crash(let node), .hang(let node): node.isServer ? node : nil
        case .powerLoss(let nodes): nodes.count == 1 && nodes[0].isServer ? nodes[0] : nil
        default: nil
        }
    }

    /// No rule may depend on the wall clock: such a fault excuses nothing.
    var isHarmless: Bool { if case .wallJump = self { true } else { false } }
}

/// The faults that have begun and not ended.
struct FaultTable {
    private(set) var active: [(number: Int, fault: Fault)] = []
    private var count = 0

    mutating func begin(_ fault: Fault) -> Int {
        count += 1
        active.append((count, fault))
        return count
    }

    /// - Returns: the fault, unless it has ended before.
    mutating func end(_ number: Int) -> Fault? {
        guard let index = active.firstIndex(where: { $0.number == number }) else { return nil }
        return active.remove(at: index).fault
    }
}
