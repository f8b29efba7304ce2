import FailoverCore

/// Visits every state that can be reached within the bounds, nearest first, so that the first violation has the shortest
/// trace.
struct Search {
    struct Violation {
        var sentence: String
        var trace: [Action]
    }

    struct Outcome {
        var states = 0
        var recoveries = 0
        var isFinished = true
        var violation: Violation?
    }

    /// A state by two hashes: of a million states, two that share both are less likely than a fault of this machine.
    private struct Fingerprint: Hashable {
        var one: Int
        var other: Int

        init(_ state: SiteState) {
            var first = Hasher()
            var second = Hasher()
            first.combine(state)
            second.combine(1)
            second.combine(state)
            (one, other) = (first.finalize(), second.finalize())
        }
    }

    let steps: Steps
    /// Recovery is tried from every state of this many.
    let recoverEvery: Int
    /// The search ends unfinished after as many.
    let mostStates: Int

    func run(from starts: [SiteState], progress: (Int) -> Void = { _ in }) -> Outcome {
        var outcome = Outcome()
        var cameFrom: [Fingerprint: (Fingerprint, Action)?] = [:]
        var frontier = starts.map { ($0, Fingerprint($0)) }
        for (_, first) in frontier { cameFrom[first] = .some(nil) }
        while !frontier.isEmpty {
            var next: [(SiteState, Fingerprint)] = []
            for (state, fingerprint) in frontier {
                guard outcome.states < mostStates else {
                    outcome.isFinished = false
                    return outcome
                }
                outcome.states += 1
                if outcome.states % 100_000 == 0 { progress(outcome.states) }
                var problem = Invariant.violation(in: state)
                if problem == nil, outcome.states % recoverEvery == 0 {
                    outcome.recoveries += 1
                    problem = Recovery(steps: steps).failure(from: state)
                }
                if let problem {
                    outcome.violation = Violation(sentence: problem, trace: trace(to: fingerprint, cameFrom))
                    return outcome
                }
                for action in steps.actions(in: state) {
                    var following = state
                    steps.apply(action, to: &following)
                    let mark = Fingerprint(following)
                    guard cameFrom[mark] == nil else { continue }
                    cameFrom[mark] = (fingerprint, action)
                    next.append((following, mark))
                }
            }
            frontier = next
        }
        return outcome
    }

    private func trace(to last: Fingerprint, _ cameFrom: [Fingerprint: (Fingerprint, Action)?]) -> [Action] {
        var actions: [Action] = []
        var mark = last
        while case .some(.some((let before, let action))) = cameFrom[mark] {
            actions.append(action)
            mark = before
        }
        return actions.reversed()
    }
}

/// From any state, when the faults end, the site must find back: everybody up and on the network, Main active, the pair
/// ready.
struct Recovery {
    let steps: Steps
    private static let patience = 60

    /// What was not reached; `nil` when all was.
    func failure(from state: SiteState) -> String? {
        var copy = state
        return failure(from: &copy)
    }

    /// The same, leaving the site as it was found in the end.
    func failure(from state: inout SiteState) -> String? {
        state.lastTick = .max
        for channel in state.cuts { steps.apply(.heal(channel), to: &state) }
        for node in state.isolated { steps.apply(.rejoin(node), to: &state) }
        for node in Node.servers where state.servers[node]?.isHung == true { steps.apply(.wake(node), to: &state) }
        for node in Node.servers where state.servers[node]?.areBrokersDead == true {
            steps.apply(.crash(node), to: &state)
        }
        for index in state.voters.indices where state.voters[index].isGone {
            steps.apply(.comeBack(witness: index), to: &state)
        }
        state.faults = .max
        for _ in 0..<Self.patience {
            settle(&state)
            for node in Node.servers where state.servers[node]?.core == nil { steps.start(node, &state) }
            settle(&state)
            let main = state.servers[.main]?.core
            let backup = state.servers[.backup]?.core
            if let main, let backup, isHome(main, backup) { return nil }
            steps.apply(.tick, to: &state)
        }
        let main = state.servers[.main]?.core
        let backup = state.servers[.backup]?.core
        return
            "I6: no recovery in \(Self.patience) heartbeats without faults: Main \(main?.phase.rawValue ?? "down") in epoch "
            + "\(main?.record?.epoch.description ?? "none"), Backup \(backup?.phase.rawValue ?? "down") in epoch "
            + "\(backup?.record?.epoch.description ?? "none")"
    }

    /// Main acts and the Backup may take over; or what an operator wanted instead.
    private func isHome(_ main: Coordinator, _ backup: Coordinator) -> Bool {
        if main.isActive, main.record?.mode == .single { return !backup.isActive }
        if backup.isActive, backup.record?.staysAway == true { return backup.record?.mode == .paired }
        return main.isActive && main.phase == .idle && backup.phase == .idle
    }

    private func settle(_ state: inout SiteState) {
        while let action = steps.actions(in: state).first(where: {
            switch $0 {
            case .deliver, .sync: true
            default: false
            }
        }) { steps.apply(action, to: &state) }
    }
}
