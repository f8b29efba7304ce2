import FailoverCore

/// What the invariants must know of the past. No server sees it.
struct History: Hashable {
    /// Which run of a server acted in which epoch.
    private(set) var winners: [Epoch: String] = [:]
    /// The way between the servers was cut, or one of them was gone.
    private(set) var wereServersApart = false
    /// An epoch was begun without anybody's word, since there was no witness, and the servers had been apart: then two hubs
    /// may act (rule 7). Servers that only hang hear each other when they wake up, and have no excuse.
    private(set) var usedRule7 = false
    /// An operator forced a server: what the rules promise is not promised any more, but for one hub an epoch.
    private(set) var usedForce = false
    /// Whatever went wrong so far happened at the Backup, or on its ways; nobody ordered anything.
    private(set) var isOnlyBackupTroubled = true
    /// The runs of servers that ended less than a lease ago, each with the tick at which that is over.
    private(set) var justEnded: [String: Int] = [:]

    mutating func begins(_ fault: Action) {
        if !fault.isOfBackup { isOnlyBackupTroubled = false }
        if fault.partsServers { wereServersApart = true }
        if case .order(_, .force) = fault { usedForce = true }
    }

    mutating func beginsUnasked() { if wereServersApart { usedRule7 = true } }

    mutating func acts(_ run: String, in epoch: Epoch) { if winners[epoch] == nil { winners[epoch] = run } }

    mutating func ends(_ run: String, at tick: Int) { justEnded[run] = tick + Steps.leaseTicks }

    mutating func reaches(_ tick: Int) { justEnded = justEnded.filter { $0.value > tick } }
}

extension Action {
    /// A fault of the Backup or of a way to it or from it.
    fileprivate var isOfBackup: Bool {
        switch self {
        case .crash(let node), .crashAfterWrite(let node), .loseStore(let node), .hang(let node), .isolate(let node),
            .stop(let node), .brokersDie(let node), .part(let node, _):
            node == .backup
        case .cut(let channel), .falselyRefuse(let channel), .arriveTwice(let channel):
            channel.from == .backup || channel.to == .backup
        default: false
        }
    }

    fileprivate var partsServers: Bool {
        switch self {
        case .cut(let channel): Node.servers.contains(channel.from) && Node.servers.contains(channel.to)
        case .isolate, .brokersDie, .stop: true
        case .crash(let node), .crashAfterWrite(let node): Node.servers.contains(node)
        default: false
        }
    }
}
