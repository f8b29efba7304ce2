import FailoverCore

/// All that must hold, apart from the code that it judges. The first sentence that does not hold ends a run.
final class Oracles {
    let hubs = HubOracle()
    let followers: FollowerOracle
    let availability = AvailabilityOracle()
    let epochs = EpochOracle()
    let orders = OrderOracle()
    let standbys = StandbyOracle()
    let show: ShowOracle

    /// A write that takes longer than this is a fault of its own: the spans that rule 15 leaves are for sound disks.
    static let quickWrite = Span.milliseconds(8)

    init(clients: Int) {
        followers = FollowerOracle(clients: clients)
        show = ShowOracle(clients: clients)
    }

    var violation: String? {
        hubs.violation ?? followers.violation ?? standbys.violation ?? availability.violation ?? epochs.violation
            ?? orders.violation ?? show.found
    }

    /// After every event of a server.
    func observe(_ server: ServerMachine, _ core: Coordinator, _ site: Site) {
        hubs.observe(server, core, site)
        standbys.observe(server, core, site)
        epochs.observe(server, core, site)
        orders.observe(server, core, site)
        availability.observe(site)
        show.observe(site)
    }

    func stored(_ record: Record, at server: ServerMachine, _ site: Site) {
        hubs.stored(record, at: server, site)
        if record.holder == server.name { site.tally.noteEpoch(record) }
    }

    func serverEnded(_ server: ServerMachine, _ site: Site) {
        standbys.ended(site.sessionName(server.node, run: server.run), at: site.now)
        epochs.ended(server)
        orders.ended(server)
    }

    func faultBegins(_ fault: Fault, _ site: Site) { availability.faultBegins(fault, site) }
    func faultEnded(_ fault: Fault, _ site: Site) { availability.faultEnded(fault) }

    /// - Parameter faults: the servers whose own trouble it is; none when clients are touched.
    func disturbed(faults servers: [Node], _ site: Site) { availability.disturbed(servers) }
}
