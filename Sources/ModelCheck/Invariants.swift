import FailoverCore

/// What must hold in every state; apart from the code that it judges.
enum Invariant {
    /// The sentence of the first invariant that does not hold.
    static func violation(in state: SiteState) -> String? {
        let now = Steps.moment(state).monotonic
        var acting: [(node: Node, epoch: Epoch)] = []
        for node in Node.servers {
            guard let core = state.servers[node]?.core, let record = core.record, core.isActive(at: now) else {
                continue
            }
            if let winner = state.winners[record.epoch], winner != record.holder {
                return "I1: both \(winner) and \(record.holder) acted in epoch \(record.epoch)"
            }
            // Nobody reaches a server whose brokers are dead.
            let isReached = state.servers[node]?.areBrokersDead == false
            if isReached, core.mayConfirm(at: now) { acting.append((node, record.epoch)) }
            if node == .backup, record.reason == .started { return "an unpaired Backup acts" }
        }
        if acting.count > 1, !state.usedRule7, !state.usedForce {
            return "I2: " + acting.map { "\($0.node) acts in epoch \($0.epoch)" }.joined(separator: ", and ")
        }
        return nil
    }
}
