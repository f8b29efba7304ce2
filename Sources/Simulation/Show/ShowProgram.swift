import FailoverCore
import HubProtocol
import Replication

/// A program on a client: what `HubConnection` keeps, and one reader of everything.
struct ShowProgram {
    struct Link {
        var isUp = false
        var connection = 0
        var retained = RetainedState()
        var alignment = StreamAlignment<BrokerMessage>()
    }

    let publisher: Publisher
    var outbox: Outbox
    var follower = Follower()
    var resumption = Resumption()
    var inbox = Inbox()
    /// By server.
    var links = [Link(), Link()]
    var waiting: Set<UInt64> = []

    init(_ client: ClientMachine) {
        publisher = Publisher(machine: client.name, session: "run-\(client.run)")!
        outbox = Outbox(publisher: publisher)
    }
}
