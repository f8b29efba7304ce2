import FailoverCore

/// What may go wrong in one search, and how often.
struct Bounds {
    var witnesses = 1
    /// Heartbeats that the search lasts, from a site that is paired.
    var ticks = 8
    /// Faults of all kinds together.
    var faults = 2
    /// Only ways between two nodes are cut; nothing else goes wrong.
    var onlyCuts = false
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
    case falselyRefuse(Channel)
    case stop(Node)
    // Ends of faults.
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
        case .falselyRefuse(let channel): "\(channel.to) is falsely refused by \(channel.from)"
        case .stop(let node): "\(node) is stopped in good order"
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
        var runs = 0
    }

    struct Voter: Hashable {
        var core: Witness
        var disk: Ballot?
        var unsynced: [Ballot] = []
    }

    /// In which order the nodes take what has arrived; each order is searched.
    var order: [Node] = []
    var ticks = 0
    /// Time goes no further.
    var lastTick = Int.max
    var faults = 0
    var servers: [Node: Server] = [:]
    var voters: [Voter] = []
    var underWay: [Channel: [Parcel]] = [:]
    var cuts: Set<Channel> = []
    var isolated: Set<Node> = []
    /// Who acted in which epoch; for the invariants, not for the servers.
    var winners: [Epoch: MachineName] = [:]
    /// An epoch was begun without anybody's word, since there was no witness (rule 7).
    var usedRule7 = false
}
