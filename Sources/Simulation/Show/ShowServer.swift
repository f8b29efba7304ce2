import FailoverCore
import HubProtocol
import Replication

/// A server's part in the show: what `ServerReplicator` and `Journal` keep, its hub's broker, and its store.
struct ShowServer {
    var store = ShowStore()
    /// Gone with the process, as all below.
    var replicator: Replicator?
    var broker = HubBroker()
    var told: Standing?
    var isFlushPlanned = false
    var isConfirmTakenPlanned = false

    // The journal.
    var changes = ShowStore.Changes()
    var awaiting: [Publisher: UInt64] = [:]
    var mustSurvivePowerLoss = false
    var isGathering = false
    var lastDurable = Instant.start

    struct Standing: Equatable {
        var confirmsAlone: Bool
        var epoch: Epoch
        var isHolder: Bool
        var marksFor: String?
    }

    mutating func start(_ server: ServerMachine, run: String, at now: Instant) {
        let content = store.startRun()
        let replica = Replica(
            me: server.name, stored: Array(content.retained.values), publishers: content.publishers,
            counter: content.counter, atPeer: content.counterAtPeer)
        let replicator = Replicator(run: run, replica: replica, epoch: server.core?.record?.epoch ?? Epoch(0))
        self = ShowServer(store: store, replicator: replicator, lastDurable: now)
        // A fresh broker is filled before the server announces anything.
        for write in replicator.fill { broker.keep(BrokerMessage(write, isNews: false)) }
    }

    mutating func end(keepsFirst: Bool, losing lost: (Int) -> Int) {
        store.end(keepsFirst: keepsFirst, losing: lost)
        self = ShowServer(store: store)
    }
}
