import FailoverCore

/// A whole site in simulated time: Main, the Backup, clients, their disks and the network between them.
///
/// The decisions are all the product's own (`Coordinator`, `Witness`, `Follower`, with its timing); what is here does what
/// their shells do in `HubServer` and `HubClient`, and brings the faults.
final class Site {
    let traits: Traits
    var random: SplitMix64
    private(set) var now = Instant.start
    var agenda = Agenda()

    let servers: [ServerMachine]
    let clients: [ClientMachine]
    var ways: [Way]
    var sessions: [Session]

    var faults = FaultTable()
    /// See `Fault.pairCut`.
    var cutsNextPair = false
    var tally = Tally()
    var oracles: Oracles
    var script: Script
    /// Programs publish.
    var isShowOn = true

    init(seed: UInt64, script: Script) {
        var random = SplitMix64(seed: seed)
        let traits = Traits(&random)
        self.traits = traits
        servers = Node.servers.map { ServerMachine($0, clock: NodeClock(&random), clients: traits.clients) }
        clients = (0..<traits.clients).map { ClientMachine(.client($0), clock: NodeClock(&random)) }
        let nodes = 2 + traits.clients
        ways = (0..<nodes * nodes).map { _ in Way(delay: traits.drawDelay(&random)) }
        sessions = Array(repeating: Session(), count: nodes * 6)
        oracles = Oracles(clients: traits.clients)
        self.random = random
        self.script = script
        script.note(now, "seed \(seed): \(traits.clients) clients")
        for machine in machines { turnOn(machine, after: random.span(.zero ... .milliseconds(1500))) }
    }

    var machines: [Machine] { servers + clients }

    func machine(_ node: Node) -> Machine { node.isServer ? servers[node.index] : clients[node.index - 2] }
    func server(_ node: Node) -> ServerMachine { servers[node.index] }
    func client(_ node: Node) -> ClientMachine { clients[node.index - 2] }

    // MARK: - Time

    /// Lets time pass until `end`, or until an oracle speaks.
    func run(until end: Instant) {
        while oracles.violation == nil, let entry = agenda.next(until: end) {
            now = entry.instant
            switch entry.happening {
            case .deadline(let machine): meetDeadline(of: machine)
            case .arrival(let parcel, let from, let to, let passage):
                arrive(parcel, from: from, to: to, passage)
            case .call(let action): action(self)
            }
        }
        if oracles.violation == nil { now = end }
    }

    func after(_ span: Span, _ action: @escaping (Site) -> Void) { agenda.add(.call(action), at: now + span) }

    /// Looks at the deadline of a core again when it may have come.
    func plan(_ machine: Machine, for deadline: MonotonicTime) {
        let instant = max(machine.clock.instant(of: deadline), now)
        if let planned = machine.lookAt, planned <= instant { return }
        machine.lookAt = instant
        agenda.add(.deadline(machine), at: instant)
    }

    private func meetDeadline(of machine: Machine) {
        // An earlier look took its place.
        guard machine.lookAt == now else { return }
        machine.lookAt = nil
        guard machine.isActing else { return }
        let shown = machine.clock.monotonic(at: now)
        if let server = machine as? ServerMachine, let core = server.core {
            // Also without an event time passes for the invariants.
            oracles.hubs.check(self)
            guard shown >= core.nextDeadline else { return plan(machine, for: core.nextDeadline) }
            guard traits.timerDelay == .zero else { return handleLate(machine) }
            handle(.timePassed, at: server)
        } else if let client = machine as? ClientMachine, let witness = client.witness {
            guard shown >= witness.nextDeadline else { return plan(machine, for: witness.nextDeadline) }
            handle(.timePassed, at: client)
        }
    }

    /// A busy machine runs its timers a moment late.
    private func handleLate(_ machine: Machine) {
        let run = machine.run
        after(random.span(.zero...traits.timerDelay)) { site in
            guard machine.isActing, machine.run == run, let server = machine as? ServerMachine else { return }
            site.handle(.timePassed, at: server)
        }
    }

    // MARK: - Processes

    /// What arrives for a process that hangs waits for it.
    func deliver(_ parcel: Parcel, to machine: Machine) {
        guard machine.isRunning else { return }
        if machine.isHung {
            machine.inbox.append(parcel)
        } else if let server = machine as? ServerMachine {
            take(parcel, at: server)
        } else if let client = machine as? ClientMachine {
            take(parcel, at: client)
        }
    }

    /// Turns a machine's process on, and the machine if need be.
    func turnOn(_ machine: Machine, after span: Span) {
        after(span) { site in
            guard !machine.isRunning else { return }
            machine.isPowered = true
            if let server = machine as? ServerMachine { site.start(server) }
            if let client = machine as? ClientMachine { site.start(client) }
        }
    }

    func hang(_ machine: Machine) { machine.isHung = true }

    /// All that waited is taken at this one moment, before the timer or after it.
    func wake(_ machine: Machine) {
        guard machine.isRunning, machine.isHung else { return }
        machine.isHung = false
        machine.wokeAt = now
        // The first thing that it does might be to confirm something.
        oracles.hubs.check(self)
        if random.chance(0.5) { passTime(at: machine) }
        let inbox = machine.inbox
        machine.inbox = []
        for parcel in inbox { deliver(parcel, to: machine) }
        passTime(at: machine)
    }

    private func passTime(at machine: Machine) {
        if let server = machine as? ServerMachine { handle(.timePassed, at: server) }
        if let client = machine as? ClientMachine { handle(.timePassed, at: client) }
    }
}
