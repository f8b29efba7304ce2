import FailoverCore

/// What an operator may rely on: every order gets one answer in time, and the answer is true, then and later.
final class OrderOracle {
    private struct Given {
        let order: Order
        let server: Node
        let instant: Instant
        /// `nil` while it is carried out, and for ever when its server died meanwhile: then both are right.
        var answer: Order.Answer?
        var isRefused: Bool { if case .refused = answer { true } else { false } }
    }

    private(set) var violation: String?
    /// By the operator: each gives one order only, and records name him.
    private var orders: [MachineName: Given] = [:]
    /// Who waits for an answer, at each server.
    private var waiting: [MachineName?] = [nil, nil]
    private var isStopRequested = [false, false]
    /// What was on its disk when this run began.
    private var firstEpochs: [Epoch?] = [nil, nil]
    /// This run is leaving, and it was asked why.
    private var isLeaving = [false, false]
    /// When each server acted last, and in which epoch.
    private var acted: [(instant: Instant, epoch: Epoch)?] = [nil, nil]

    /// The last removal of the Backup that was seen to be carried out, by its epoch.
    private var removal: Epoch?

    /// On a clock that may be 1.5 % slow; a heartbeat and a late timer come on top.
    private static func patience(with order: Order) -> Span {
        if case .addBackup = order { .seconds(123) } else { .milliseconds(5200) }
    }

    // MARK: - What happens

    func given(_ order: Order, to server: ServerMachine, at instant: Instant) -> MachineName {
        let operatorName = MachineName("operator-\(orders.count + 1)")!
        orders[operatorName] = Given(order: order, server: server.node, instant: instant)
        waiting[server.node.index] = operatorName
        return operatorName
    }

    /// - Returns: what is answered.
    func answered(_ answer: Order.Answer, by server: ServerMachine, _ core: Coordinator) -> Order? {
        guard let operatorName = waiting[server.node.index], let given = orders[operatorName] else {
            say("\(server.node) answers an order that nobody waits for")
            return nil
        }
        waiting[server.node.index] = nil
        orders[operatorName]?.answer = answer
        if answer == .done { checkDone(given, operatorName, core) }
        return given.order
    }

    func started(_ server: ServerMachine) { firstEpochs[server.node.index] = server.disk.content?.epoch }

    func stopRequested(at server: ServerMachine) { isStopRequested[server.node.index] = true }

    func stopped(_ server: ServerMachine, _ core: Coordinator) {
        if !core.isLeaving { say("\(server.node) stops, and nothing made it leave") }
        checkLeaving(server, core)
    }

    /// After every event of a server.
    func observe(_ server: ServerMachine, _ core: Coordinator, _ site: Site) {
        if core.isActive, let record = core.record { acted[server.node.index] = (site.now, record.epoch) }
        checkLeaving(server, core)
        // A server that writes does nothing else; one that has just woken up may not know yet that it is written.
        guard server.disk.isIdle, server.wokeAt != site.now else { return }
        checkPatience(server, site)
        checkRefused(server, core)
    }

    func ended(_ server: ServerMachine) {
        waiting[server.node.index] = nil
        isStopRequested[server.node.index] = false
        isLeaving[server.node.index] = false
    }

    // MARK: - What must hold

    /// Of the other server an answer can only say what was last heard: that it acted in this epoch, after the order. It may
    /// have died since, with the news still under way.
    private func checkDone(_ given: Given, _ operatorName: MachineName, _ core: Coordinator) {
        let otherActs =
            acted[given.server.other.index].map { acted in
                acted.instant >= given.instant && core.record.map { acted.epoch >= $0.epoch } ?? false
            } ?? false
        let isDone =
            switch given.order {
            case .switchOver(let target): target == core.identity.address.name ? core.isActive : otherActs
            case .force: core.isActive
            case .stopSite: core.record?.reason == .siteStopped && (core.isActive || otherActs)
            case .addBackup(let name):
                core.isActive && core.record?.mode == .paired && core.record?.backup?.name == name
            case .removeBackup:
                given.server == .main ? core.isActive && core.record?.mode == .single : otherActs
            }
        if !isDone { say("\(given.server) answers \(operatorName) that \(given.order) is done, and it is not") }
    }

    private func checkPatience(_ server: ServerMachine, _ site: Site) {
        guard let operatorName = waiting[server.node.index], let given = orders[operatorName] else { return }
        let waited = site.now - given.instant
        if waited > Self.patience(with: given.order) {
            say("\(server.node) leaves \(operatorName) without an answer to \(given.order) for \(waited.inSeconds) s")
        }
    }

    /// Nobody acts in what a refused order asked for. Main may obey such a record, which the Backup granted unheard, for
    /// as long as it takes to write down another one.
    private func checkRefused(_ server: ServerMachine, _ core: Coordinator) {
        guard core.isActive, let record = core.record else { return }
        if let (operatorName, given) = cause(of: record), given.isRefused {
            say("\(server.node) acts in epoch \(record.epoch) for \(given.order) of \(operatorName), which was refused")
        }
        guard record.mode == .single else { return checkAdded(server, record) }
        removal = record.epoch
        let isWanted = orders.values.contains { $0.order == .removeBackup && !$0.isRefused }
        if !isWanted { say("\(server.node) acts without a Backup, and every removal was refused") }
    }

    /// A Backup that was removed has a part again only by an operator's word, or where both servers lost their stores and
    /// begin the site anew.
    private func checkAdded(_ server: ServerMachine, _ record: Record) {
        if record.reason == .started { removal = nil }
        guard let removal, record.epoch >= removal else { return }
        let isWanted = orders.values.contains { given in
            guard !given.isRefused else { return false }
            if case .addBackup = given.order { return true }
            return given.order == .force
        }
        if !isWanted { say("\(server.node) acts with the Backup that was removed in epoch \(removal)") }
    }

    /// A server leaves because it was asked to, or with the site: not for a stop that was refused, nor in the morning for
    /// that of the day before.
    private func checkLeaving(_ server: ServerMachine, _ core: Coordinator) {
        let index = server.node.index
        guard core.isLeaving, !isLeaving[index] else { return }
        isLeaving[index] = true
        guard !isStopRequested[index] else { return }
        guard let record = core.record, record.reason == .siteStopped, let (operatorName, given) = cause(of: record)
        else {
            return say("\(server.node) stops by itself, in epoch \(core.record?.epoch.description ?? "none")")
        }
        if record.epoch == firstEpochs[index] { say("\(server.node) stops again for a site stop of an earlier run") }
        if given.isRefused { say("\(server.node) stops with the site for \(operatorName), who was refused") }
    }

    /// The order that an epoch was begun for.
    private func cause(of record: Record) -> (MachineName, Given)? {
        guard [.siteStopped, .backupRemoved, .forced].contains(record.reason), let operatorName = record.by,
            let given = orders[operatorName]
        else { return nil }
        return (operatorName, given)
    }

    private func say(_ sentence: String) { violation = violation ?? sentence }
}
