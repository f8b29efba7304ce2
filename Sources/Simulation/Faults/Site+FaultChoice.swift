/// Which fault comes next, where, and for how long.
extension Site {
    /// Lets things go wrong from now on, until `end`.
    func scheduleFaults(until end: Instant) {
        let pause = traits.faultPause
        after(random.span(Span(nanoseconds: pause.nanoseconds / 10)...(pause * 2))) { site in
            guard site.now < end else { return }
            let kind = site.random.pick(site.traits.faultKinds)
            if let (fault, lasts) = site.drawFault(kind) {
                if !kind.isOrder { site.tally.faults[kind, default: 0] += 1 }
                site.begin(fault, for: lasts)
            }
            site.scheduleFaults(until: end)
        }
    }

    /// `nil` where it cannot happen now.
    private func drawFault(_ kind: Fault.Kind) -> (Fault, lasts: Span)? {
        let server = random.pick(Node.servers)
        let away = random.spanOfAnySize(.milliseconds(50) ... .seconds(12))
        switch kind {
        case .crash: return (.crash(server), away)
        case .powerLoss: return (.powerLoss([server]), away)
        case .powerCut:
            let spared =
                random.chance(0.5) ? clients.map(\.node) : clients.map(\.node).filter { _ in random.chance(0.5) }
            return (.powerLoss(machines.map(\.node).filter { !spared.contains($0) }), away)
        case .hang: return (.hang(server), random.spanOfAnySize(.milliseconds(10) ... .seconds(5)))
        case .stop: return (.stop(server), max(away, .milliseconds(1500)))
        case .cut: return (.cut(drawPaths(), holding: random.chance(0.5)), drawTrouble())
        case .isolation: return (.cut(drawIsolation(of: drawNode()), holding: random.chance(0.5)), drawTrouble())
        case .flap:
            let pause = random.spanOfAnySize(.milliseconds(20) ... .milliseconds(600))
            return (.flap(drawPaths(), pause: pause), random.span(.seconds(1) ... .seconds(10)))
        case .slowness:
            return (
                .slowness(drawPaths(), random.spanOfAnySize(.milliseconds(5) ... .milliseconds(500))), drawTrouble()
            )
        case .loss:
            let (lost, twice, late) = (random.fraction() * 0.8, random.fraction() * 0.3, random.fraction() * 0.5)
            return (.loss(drawPaths(), lost: lost, twice: twice, late: late), drawTrouble())
        case .reset: return (.reset(drawSessions()), .zero)
        case .falseRefusal:
            return (.falseRefusal(drawSessions()), random.spanOfAnySize(.milliseconds(5) ... .seconds(2)))
        case .slowDisk: return (.slowDisk(drawNode()), drawTrouble())
        case .clientCrash: return (.crash(drawClient()), away)
        case .clientHang: return (.hang(drawClient()), random.spanOfAnySize(.milliseconds(10) ... .seconds(5)))
        case .clientLeaves: return (.clientLeaves(drawClient()), away)
        case .deafWitnesses:
            let paths = drawDeafWitnesses()
            guard !paths.isEmpty else { return nil }
            let lasts = random.span(.seconds(4) ... .seconds(12))
            // Neither those that vote then nor those that voted before know of each other.
            if random.chance(0.5) { begin(.pairCut, for: lasts) }
            return (.cut(paths, holding: random.chance(0.5)), lasts)
        case .pairCut: return (.pairCut, away)
        case .wallJump:
            return (.wallJump(drawNode(), milliseconds: random.number(in: -86_400_000...86_400_000)), .zero)
        case .switchOver, .stopSite, .removeBackup, .addBackup, .force: return drawOrder(kind).map { ($0, .zero) }
        }
    }

    func drawTrouble() -> Span { random.spanOfAnySize(.milliseconds(20) ... .seconds(10)) }

    private func drawNode() -> Node { random.chance(0.7) ? random.pick(Node.servers) : random.pick(machines).node }

    private func drawClient() -> Node { random.pick(clients).node }

    /// One way, or both ways between two nodes, of which one is a server.
    private func drawPaths() -> [Fault.Path] {
        let one = random.pick(Node.servers)
        let other = random.chance(0.5) || clients.isEmpty ? one.other : drawClient()
        let paths = [Fault.Path(from: one, to: other), Fault.Path(from: other, to: one)]
        return random.chance(0.5) ? paths : [random.pick(paths)]
    }

    /// All ways from a node, to it, or both.
    func drawIsolation(of node: Node) -> [Fault.Path] {
        let others = machines.map(\.node).filter { $0 != node && ($0.isServer || node.isServer) }
        let out = others.map { Fault.Path(from: node, to: $0) }
        let into = others.map { Fault.Path(from: $0, to: node) }
        return random.pick([out, into, out + into, out + into])
    }

    /// The ways from the active server to those that vote: for long enough, others vote then, and these are there still.
    private func drawDeafWitnesses() -> [Fault.Path] {
        guard let holder = servers.first(where: { $0.core?.isActive == true }), let record = holder.core?.record else {
            return []
        }
        return clients.filter { record.witnesses.contains($0.identity) }.map { .init(from: holder.node, to: $0.node) }
    }

    /// One session, or all sessions with one server.
    private func drawSessions() -> [SessionKey] {
        let key = random.pick(sessionKeys)
        return random.chance(0.5) ? [key] : sessionKeys.filter { $0.server == key.server }
    }
}
