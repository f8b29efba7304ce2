import FailoverCore

/// What must hold in every state; apart from the code that it judges.
enum Invariant {
    /// A server that counts itself as active.
    private struct Acting {
        var node: Node
        var core: Coordinator
        var record: Record
    }

    /// The sentence of the first invariant that does not hold.
    static func violation(in state: SiteState) -> String? {
        let now = Steps.moment(state).monotonic
        let acting = Node.servers.compactMap { node -> Acting? in
            guard let core = state.servers[node]?.core, let record = core.record, core.isActive(at: now) else {
                return nil
            }
            return Acting(node: node, core: core, record: record)
        }
        return usedEpoch(acting, state) ?? twoHubs(acting, state) ?? deadStandby(acting, state)
            ?? feltBackup(acting, state)
    }

    /// I1: an epoch is one run's. A run that ended has confirmed in it what the next one may not know.
    private static func usedEpoch(_ acting: [Acting], _ state: SiteState) -> String? {
        for server in acting {
            let (run, epoch) = (server.core.identity.session, server.record.epoch)
            if let winner = state.history.winners[epoch], winner != run {
                return "I1: both \(winner) and \(run) acted in epoch \(epoch)"
            }
            if server.node == .backup, server.record.reason == .started { return "an unpaired Backup acts" }
        }
        return nil
    }

    private static func twoHubs(_ acting: [Acting], _ state: SiteState) -> String? {
        let now = Steps.moment(state).monotonic
        // Nobody reaches a server whose brokers are dead.
        let hubs = acting.filter { state.servers[$0.node]?.areBrokersDead == false && $0.core.mayConfirm(at: now) }
        guard hubs.count > 1, !state.history.usedRule7, !state.history.usedForce else { return nil }
        return "I2: " + hubs.map { "\($0.node) acts in epoch \($0.record.epoch)" }.joined(separator: ", and ")
    }

    /// Rule 8: a pair holds as long as the run of the standby that it names. That one echoes nothing after its end, so a
    /// lease later nobody acts in that pair. Another run has not been given what the holder confirms.
    private static func deadStandby(_ acting: [Acting], _ state: SiteState) -> String? {
        for server in acting where server.record.mode == .paired {
            guard let standby = server.record.standbySession else { return "\(server.node) is paired with nobody" }
            let isThere = state.servers[server.node.other]?.core?.identity.session == standby
            if !isThere, state.history.justEnded[standby] == nil {
                return "rule 8: \(server.node) acts in a pair with \(standby), which ended a lease ago"
            }
        }
        return nil
    }

    /// Rule 15: whatever happens to the Backup alone, Main acts all the time. Without a client that may vote, a cut leaves
    /// that to chance (rule 7).
    private static func feltBackup(_ acting: [Acting], _ state: SiteState) -> String? {
        guard state.history.isOnlyBackupTroubled, !state.voters.isEmpty, !acting.contains(where: { $0.node == .main })
        else { return nil }
        return "rule 15: only the Backup was in trouble, and Main does not act any more"
    }
}
