import FailoverCore

/// How faults begin and end.
extension Site {
    func begin(_ fault: Fault, for span: Span) {
        if !fault.isHarmless { oracles.faultBegins(fault, self) }
        burst()
        let number = faults.begin(fault)
        apply(fault)
        if case .flap(let paths, let pause) = fault { flap(paths, pause: pause, number: number) }
        after(span) { $0.end(number) }
    }

    private func end(_ number: Int) {
        guard let fault = faults.end(number) else { return }
        undo(fault, within: .zero)
        if !fault.isHarmless { oracles.faultEnded(fault, self) }
    }

    /// Everything is mended, and everybody is there again within a second.
    func endAllFaults() {
        script.note(now, "every fault ends")
        for (number, fault) in faults.active {
            _ = faults.end(number)
            undo(fault, within: .seconds(1))
        }
        oracles.disturbed(faults: [], self)
        for machine in machines where !machine.isRunning {
            turnOn(machine, after: random.span(.zero ... .seconds(1)))
        }
    }

    private func apply(_ fault: Fault) {
        switch fault {
        case .crash(let node):
            script.note(now, node, "FAULT its process dies")
            crash(machine(node))
        case .powerLoss(let nodes):
            script.note(now, "FAULT \(nodes.map(\.description).joined(separator: ", ")) without power")
            for node in nodes {
                machine(node).isPowered = false
                crash(machine(node))
            }
        case .hang(let node):
            guard machine(node).isRunning else { return }
            script.note(now, node, "FAULT hangs")
            hang(machine(node))
        case .stop(let node):
            script.note(now, node, "is asked to stop in good order")
            deliver(.stopRequested, to: machine(node))
        case .cut(let paths, let holding):
            script.note(now, "FAULT cut\(holding ? ", held back" : ""): \(Script.text(paths))")
            cut(paths, holding: holding)
        case .flap(let paths, _): script.note(now, "FAULT flaps: \(Script.text(paths))")
        case .slowness(let paths, let span):
            script.note(now, "FAULT slower by \(span.nanoseconds / 1_000_000) ms: \(Script.text(paths))")
            for path in paths {
                let index = way(path.from, path.to)
                ways[index].slowness = ways[index].slowness + span
            }
        case .loss(let paths, let lost, let twice, let late):
            script.note(now, "FAULT \(Int(lost * 100)) % lost: \(Script.text(paths))")
            addLoss(paths, lost: lost, twice: twice, late: late)
        case .reset(let keys):
            script.note(now, "FAULT sessions reset: \(Script.text(keys))")
            for key in keys { interrupt(key) }
        case .falseRefusal(let keys):
            script.note(now, "FAULT falsely refused: \(Script.text(keys))")
            for key in keys {
                sessions[key.index].refusals += 1
                interrupt(key)
            }
        case .slowDisk(let node):
            script.note(now, node, "FAULT its disk is slow")
            machine(node).diskFaults += 1
        case .clientLeaves(let node): end(client(node), isOrderly: true)
        case .pairCut: cutsNextPair = true
        case .wallJump(let node, let milliseconds): machine(node).clock.jump(milliseconds: milliseconds)
        case .order(let order, let node): give(order, to: server(node))
        }
    }

    /// - Parameter span: processes start after a part of this.
    private func undo(_ fault: Fault, within span: Span) {
        switch fault {
        case .crash(let node), .clientLeaves(let node): comeBack(machine(node), within: span)
        case .powerLoss(let nodes): for node in nodes { comeBack(machine(node), within: span) }
        case .hang(let node):
            if machine(node).isHung { script.note(now, node, "wakes up") }
            wake(machine(node))
        case .stop(let node):
            if server(node).core?.isLeaving == true || server(node).isHung { crash(server(node)) }
            comeBack(machine(node), within: span)
        case .cut(let paths, _):
            script.note(now, "open again: \(Script.text(paths))")
            for path in paths { mend(path.from, path.to) }
            reviewSessions(over: paths)
        case .flap: break
        case .slowness(let paths, let extra):
            script.note(now, "quick again: \(Script.text(paths))")
            for path in paths {
                let index = way(path.from, path.to)
                ways[index].slowness = ways[index].slowness - extra
            }
        case .loss(let paths, let lost, let twice, let late):
            script.note(now, "reliable again: \(Script.text(paths))")
            addLoss(paths, lost: -lost, twice: -twice, late: -late)
        case .falseRefusal(let keys): for key in keys { sessions[key.index].refusals -= 1 }
        case .slowDisk(let node): machine(node).diskFaults -= 1
        case .pairCut: cutsNextPair = false
        case .reset, .wallJump, .order: break
        }
    }

    /// The holder's disk has been asked to take a pair, and nobody has heard of it.
    func pairIsWritten() {
        guard cutsNextPair else { return }
        cutsNextPair = false
        begin(.cut(Fault.betweenServers, holding: random.chance(0.5)), for: drawTrouble())
    }

    // MARK: - Processes

    private func crash(_ machine: Machine) {
        if let server = machine as? ServerMachine { end(server, isOrderly: false) }
        if let client = machine as? ClientMachine { end(client, isOrderly: false) }
    }

    /// Now and then without what was on its disk.
    private func comeBack(_ machine: Machine, within span: Span) {
        guard !machine.isRunning else { return }
        if random.chance(0.04) { loseStore(of: machine) }
        turnOn(machine, after: random.span(.zero...span))
    }

    private func loseStore(of machine: Machine) {
        if let server = machine as? ServerMachine, server.disk.content != nil, mayLoseStore(server) {
            script.note(now, server.node, "FAULT its store is lost")
            let record = server.disk.content
            server.disk.content = nil
            server.show.store.lose()
            oracles.show.lostStore(server, record: record, self)
            tally.lostStores += 1
            oracles.hubs.lostStore(server)
        }
        if let client = machine as? ClientMachine {
            script.note(now, client.node, "FAULT its votes are lost: another witness from now on")
            client.disk.content = nil
            client.ballotBoxes += 1
            tally.lostStores += 1
        }
    }

    /// Two losses that the rules do not promise to survive. A lost store costs no epoch its uniqueness where a site has
    /// used fewer than two numbers a second since it began (`Epoch.floor`): one of a few seconds, just in a bad moment, may
    /// have used more. And when two hubs act by rule 7 or an operator's force, only their stores know how far the epochs have gone.
    private func mayLoseStore(_ server: ServerMachine) -> Bool {
        var clock = server.clock
        clock.setRight()
        return (tally.newest ?? Epoch(0)) < Epoch.floor(at: clock.moment(at: now).wall) && !oracles.hubs.isSplit
    }

    // MARK: - Ways

    private func cut(_ paths: [Fault.Path], holding: Bool) {
        for path in paths { cut(way(path.from, path.to), holding: holding) }
        reviewSessions(over: paths)
        for key in sessionKeys where sessions[key.index].serverRun != nil {
            guard paths.contains(where: { $0.from == key.owner && $0.to == key.server }) else { continue }
            tellServerOfEnd(of: key, after: Self.keepAliveEnds)
        }
    }

    /// Cut and open in turn for as long as the fault lasts.
    private func flap(_ paths: [Fault.Path], pause: Span, number: Int) {
        guard faults.active.contains(where: { $0.number == number }) else { return }
        cut(paths, holding: random.chance(0.5))
        after(random.span(Span(nanoseconds: pause.nanoseconds / 2)...pause)) { site in
            for path in paths { site.mend(path.from, path.to) }
            site.reviewSessions(over: paths)
            site.after(site.random.span(Span(nanoseconds: pause.nanoseconds / 2)...pause)) {
                $0.flap(paths, pause: pause, number: number)
            }
        }
    }

    private func reviewSessions(over paths: [Fault.Path]) {
        reviewSessions { key in
            paths.contains { path in
                (path.from == key.owner && path.to == key.server) || (path.from == key.server && path.to == key.owner)
            }
        }
    }

    private func addLoss(_ paths: [Fault.Path], lost: Double, twice: Double, late: Double) {
        for path in paths {
            let index = way(path.from, path.to)
            ways[index].loss += lost
            ways[index].duplication += twice
            ways[index].lateness += late
        }
    }

    /// The connection breaks; its owner sees it at once, and the server's broker too.
    private func interrupt(_ key: SessionKey) {
        guard sessions[key.index].serverRun != nil else { return }
        close(key, after: random.span(.zero ... .milliseconds(3)))
        if key.owner.isServer, key.broker == .control {
            after(random.span(.zero ... .milliseconds(3))) { $0.will(of: key) }
        }
    }

    private func will(of key: SessionKey) {
        guard machine(key.owner).isRunning else { return }
        deliver(.will(session: sessionName(key.owner, run: machine(key.owner).run)), to: server(key.server))
    }
}
