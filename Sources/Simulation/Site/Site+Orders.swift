import FailoverCore

/// Operators, who order at any moment what they like.
extension Site {
    /// Mostly given where it can be carried out; `nil` while the server is down, hangs, or carries out another one.
    func drawOrder(_ kind: Fault.Kind) -> Fault? {
        let isForce = kind == .force
        let likely = servers.filter { ($0.core?.isActive == true) != isForce }
        let server = random.pick(likely.isEmpty || random.chance(0.2) ? servers : likely)
        guard server.isActing, server.core?.isFollowingOrder == false else { return nil }
        let order: Order
        switch kind {
        case .switchOver: order = .switchOver(to: drawTarget(from: server))
        case .stopSite: order = .stopSite
        case .removeBackup: order = .removeBackup
        case .addBackup: order = .addBackup(self.server(.backup).name)
        case .force: order = .force
        default: return nil
        }
        return .order(order, at: server.node)
    }

    private func drawTarget(from server: ServerMachine) -> MachineName {
        if random.chance(0.9) { return self.server(server.node.other).name }
        return random.chance(0.5) ? server.name : MachineName("nobody")!
    }

    func give(_ order: Order, to server: ServerMachine) {
        guard let kind = order.kind else { return }
        tally.orders[kind, default: OrderCount()].given += 1
        let user = oracles.orders.given(order, to: server, at: now)
        oracles.epochs.ordered(server)
        script.note(now, server.node, "ORDER of \(user): \(order)")
        handle(.ordered(order, by: user), at: server)
        disturb(server)
    }

    /// What comes between an order and its answer rarely meets it by chance: the server hears nothing from now on, or nobody
    /// hears it; it is asked to stop; or the other one cannot carry the order out, over a bad way and with a slow disk.
    private func disturb(_ server: ServerMachine) {
        guard server.isRunning else { return }
        if random.chance(0.3) {
            let others = machines.map(\.node).filter { $0 != server.node }
            let into = others.map { Fault.Path(from: $0, to: server.node) }
            let paths = random.chance(0.5) ? into : drawIsolation(of: server.node)
            begin(.cut(paths, holding: random.chance(0.5)), for: random.span(.milliseconds(20) ... .seconds(12)))
        } else if random.chance(0.1) {
            stopSoon(server, within: .milliseconds(20))
        } else if random.chance(0.2) {
            // Short enough that the order is not refused, and long enough that the pair is lost.
            let pause = random.span(.milliseconds(70) ... .milliseconds(100))
            begin(.flap(Fault.betweenServers, pause: pause), for: .seconds(5))
            begin(.slowDisk(server.node.other), for: .seconds(5))
        }
    }

    private func stopSoon(_ server: ServerMachine, within span: Span) {
        let run = server.run
        after(random.spanOfAnySize(.microseconds(100)...span)) { site in
            guard server.run == run, server.isRunning else { return }
            site.begin(.stop(server.node), for: site.random.span(.milliseconds(1500) ... .seconds(6)))
        }
    }

    func noteAnswer(_ answer: Order.Answer, of server: ServerMachine, _ core: Coordinator) {
        script.note(now, server.node, "ANSWER \(answer)")
        guard let kind = oracles.orders.answered(answer, by: server, core)?.kind else { return }
        tally.orders[kind]?.done += answer == .done ? 1 : 0
        tally.orders[kind]?.refused += answer == .done ? 0 : 1
    }

    /// A server that was asked to stop by itself comes back with the end of that; after the site's stop, somebody
    /// switches both on again, now and then only for a moment.
    func startAgainAfterSiteStop(_ server: ServerMachine) {
        let run = server.run
        after(random.spanOfAnySize(.milliseconds(50) ... .seconds(8))) { site in
            // Without power, or stopped for a fault's time, it waits for the end of that.
            guard server.run == run, server.isPowered else { return }
            site.turnOn(server, after: .zero)
            // It may be the wrong morning.
            guard site.random.chance(0.4) else { return }
            site.after(.microseconds(1)) { $0.stopSoon(server, within: .milliseconds(50)) }
        }
    }
}

extension Order {
    fileprivate var kind: Fault.Kind? {
        switch self {
        case .switchOver: .switchOver
        case .stopSite: .stopSite
        case .removeBackup: .removeBackup
        case .addBackup: .addBackup
        case .force: .force
        }
    }
}
