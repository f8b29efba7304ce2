import FailoverCore

/// A machine with one process of ours, which may be gone, or hang.
class Machine {
    let node: Node
    let name: MachineName
    var clock: NodeClock
    /// Counts the starts of the process.
    var run: Int32 = 0
    var isRunning = false
    /// The process is not scheduled; what arrives waits in `inbox`.
    var isHung = false
    /// Without power nobody answers a connection, not even with a refusal.
    var isPowered = true
    /// When it was scheduled again after it had hung; what waited is taken at that instant, one thing after the other.
    var wokeAt: Instant?
    var inbox: [Parcel] = []
    /// When the agenda looks at this machine's deadline next.
    var lookAt: Instant?
    /// For how many faults at a time writes take long.
    var diskFaults = 0

    var isActing: Bool { isRunning && !isHung }

    init(_ node: Node, clock: NodeClock) {
        self.node = node
        self.clock = clock
        name = MachineName(node.description)!
    }
}

final class ServerMachine: Machine {
    let address: ServerAddress
    var core: Coordinator?
    var disk = Disk<Record>()
    var show = ShowServer()
    /// Retained on its own hub broker; gone with it.
    var news: HubNews?
    var presences: [Presence?]
    var candidates: [WitnessIdentity] = []
    /// The highest epoch that a client's links named in this run.
    var followed: Epoch?
    /// The claim that the script showed last.
    var shownClaim: Claim?

    var role: Role { node == .main ? .main : .backup }

    init(_ node: Node, clock: NodeClock, clients: Int) {
        address = ServerAddress(
            name: MachineName(node.description)!, address: "10.0.0.\(node.index + 1)", port: 1883, controlPort: 1882)
        presences = Array(repeating: nil, count: clients)
        super.init(node, clock: clock)
    }
}

final class ClientMachine: Machine {
    var follower = Follower()
    var witness: Witness?
    var disk = Disk<Ballot>()
    var program: ShowProgram?
    /// Counts the losses of its votes: a client without them is another witness.
    var ballotBoxes = 1
    /// As `MachineAgent`: said once a hub is followed, and never taken back.
    var isOnline = false
    var newestPair: (epoch: Epoch, version: UInt64)?
    /// The epoch that its links name.
    var shownEpoch: Epoch?
    /// The epoch of the vote that the script showed last; each is sent again and again.
    var shownVote: Epoch?

    var identity: WitnessIdentity { WitnessIdentity(name: name, ballotBox: "\(node)#\(ballotBoxes)") }
}
