import FailoverCore

/// What may go wrong in one search, and how often.
struct Bounds {
    var witnesses = 1
    /// Heartbeats that the search lasts, from a site that is paired.
    var ticks = 8
    /// Faults of all kinds together.
    var faults = 2
    /// Within how many heartbeats the faults begin. They may end at any time.
    var faultTicks = Int.max
    /// What may go wrong at all.
    var kinds = Set(FaultKind.allCases)
}

/// Faults that a search can be bounded to.
enum FaultKind: String, CaseIterable {
    /// A way between two nodes is cut.
    case cuts
    /// A node is cut off from all others.
    case isolation
    /// A client and a server lose each other; where others reach both servers, it votes no more in the next epoch.
    case partings
    /// A process dies, before or after its unsynced write reached the disk.
    case crashes
    case hangs
    /// A connection is refused although the process lives.
    case refusals
    /// A server's store is lost.
    case stores
    /// A server's brokers die a moment before its coordinator does.
    case brokers
    /// A message arrives twice.
    case repeats
    /// Clients go and come back, or lose their votes.
    case witnesses
    /// A server is stopped in good order.
    case stops
    /// An operator switches, removes the Backup or stops the site.
    case orders
    /// An operator forces a server.
    case force
}

/// A directed way between two nodes.
struct Channel: Hashable, CustomStringConvertible {
    var from: Node
    var to: Node
    var description: String { "\(from)→\(to)" }
}

enum Node: Hashable, CustomStringConvertible {
    case main, backup
    case witness(Int)

    static let servers = [Node.main, .backup]

    var description: String {
        switch self {
        case .main: "main"
        case .backup: "backup"
        case .witness(let number): "witness\(number + 1)"
        }
    }

    /// The other server.
    var other: Node { self == .main ? .backup : .main }
}

/// What one node can learn from another.
enum Parcel: Hashable {
    case heartbeat(ElectionHeartbeat)
    case vote(Vote)
    /// The session closed and the reconnect was refused.
    case refused
}

/// One thing that happens.
enum Action: Hashable, CustomStringConvertible {
    case tick
    case deliver(Channel)
    case sync(Node)
    // Faults.
    case crash(Node)
    /// The write reached the disk, and nobody was told.
    case crashAfterWrite(Node)
    case loseStore(Node)
    case hang(Node)
    case cut(Channel)
    /// Nothing reaches this node, and nothing leaves it.
    case isolate(Node)
    /// Nothing comes from one to the other, in both directions.
    case part(Node, witness: Int)
    case falselyRefuse(Channel)
    case stop(Node)
    case brokersDie(Node)
    case arriveTwice(Channel)
    case leave(witness: Int)
    case loseVotes(witness: Int)
    case order(Node, Order)
    // Ends of faults.
    case comeBack(witness: Int)
    case restart(Node)
    case wake(Node)
    /// The way is open again; what was under way when it was cut arrives late.
    case heal(Channel)
    case rejoin(Node)

    var description: String {
        switch self {
        case .tick: "a heartbeat's time passes"
        case .deliver(let channel): "\(channel) arrives"
        case .sync(let node): "\(node)'s write is on disk"
        case .crash(let node): "\(node) crashes; unsynced writes are lost"
        case .crashAfterWrite(let node): "\(node) crashes just after its write"
        case .loseStore(let node): "\(node) loses its store"
        case .hang(let node): "\(node) hangs"
        case .cut(let channel): "\(channel) is cut"
        case .isolate(let node): "\(node) is cut off"
        case .part(let node, let witness): "\(node) and \(Node.witness(witness)) lose each other"
        case .falselyRefuse(let channel): "\(channel.to) is falsely refused by \(channel.from)"
        case .stop(let node): "\(node) is stopped in good order"
        case .brokersDie(let node): "\(node)'s brokers die"
        case .arriveTwice(let channel): "\(channel) arrives, and will once more"
        case .leave(let witness): "\(Node.witness(witness)) is switched off"
        case .comeBack(let witness): "\(Node.witness(witness)) is back"
        case .loseVotes(let witness): "\(Node.witness(witness)) loses its votes"
        case .order(let node, let order): "\(node) is ordered: \(order)"
        case .restart(let node): "\(node) starts again"
        case .wake(let node): "\(node) wakes up"
        case .heal(let channel): "\(channel) is open again"
        case .rejoin(let node): "\(node) is back on the network"
        }
    }
}

/// A whole site at one moment.
struct SiteState: Hashable {
    struct Server: Hashable {
        var core: Coordinator?
        var disk: Record?
        var unsynced: [Record] = []
        var isHung = false
        /// Nothing comes from it any more, and nobody is let in.
        var areBrokersDead = false
        var runs = 0
    }

    struct Voter: Hashable {
        var core: Witness
        var disk: Ballot?
        var unsynced: [Ballot] = []
        var isGone = false
        /// How often it lost its votes.
        var losses = 0
    }

    /// In which order the nodes take what has arrived; each order is searched.
    var order: [Node] = []
    var ticks = 0
    var firstTick = 0
    /// Time goes no further.
    var lastTick = Int.max
    var faults = 0
    var servers: [Node: Server] = [:]
    var voters: [Voter] = []
    var underWay: [Channel: [Parcel]] = [:]
    var cuts: Set<Channel> = []
    var isolated: Set<Node> = []
    var lostStores = 0
    var history = History()
}
