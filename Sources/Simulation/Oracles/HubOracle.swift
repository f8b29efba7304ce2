import FailoverCore

/// I1 for hubs, I2, and that an unpaired Backup never acts.
final class HubOracle {
    private(set) var violation: String?
    /// Which run of which server acted in an epoch.
    private var winners: [Epoch: String] = [:]
    /// An epoch that was begun without anybody's word, since there was no witness and no way between the servers (rule 7) or
    /// an operator forced it (rule 14), while the two servers have not met since: until both have one epoch on disk, that one
    /// or a later one, two of them may act. Whoever is forced goes on by the rules in later epochs of its own, and so does
    /// the other.
    private var splitFrom: Epoch?
    /// When the servers were last without a sound way to each other.
    private var lastApart = Instant.start
    /// Without a witness a server listens for a second before it acts: for so long the way must have been sound, before two
    /// hubs have no excuse. What was under way comes up to a second late, and sessions come back as slowly.
    private static let meeting = Span.seconds(4)
    /// What each server decided without anybody's word and is writing down, though the way to the other one is sound.
    private var unasked: [(epoch: Epoch, instant: Instant)?] = [nil, nil]
    /// Within this the other server has heard of it. One that hangs meanwhile for longer acts when it wakes up, and the
    /// other one, which did not hear it for a second, acts as well until they meet (rule 7).
    private static let telling = Span.milliseconds(900)
    var isSplit: Bool { splitFrom != nil }
    /// Whether the Backup was paired, or has heard of it since it lost its store.
    private var backupKnowsPair = false

    /// I2 at this instant, each server by its own clock. A process that hangs confirms nothing until it wakes up, and is
    /// then asked again before anything else.
    func check(_ site: Site) {
        guard !isSplit, site.servers.allSatisfy({ mayConfirm($0, site) }) else { return }
        let acting = site.servers.map { "\($0.node) in epoch \($0.core?.record?.epoch.description ?? "none")" }
        say("I2: two hubs may confirm at one moment: " + acting.joined(separator: " and "))
    }

    private func mayConfirm(_ server: ServerMachine, _ site: Site) -> Bool {
        guard server.isActing, let core = server.core else { return false }
        return core.mayConfirm(at: server.clock.monotonic(at: site.now))
    }

    func observe(_ server: ServerMachine, _ core: Coordinator, _ site: Site) {
        noteLateWrite(server, core, site)
        check(site)
        if !site.areServersConnected { lastApart = site.now }
        guard let record = core.record else { return }
        if server.node == .backup, record.mode == .paired { backupKnowsPair = true }
        guard core.isActive else { return }
        let run = core.identity.session
        if let winner = winners[record.epoch], winner != run {
            say("I1: both \(winner) and \(run) acted in epoch \(record.epoch)")
        }
        if winners.updateValue(run, forKey: record.epoch) == nil {
            site.script.note(
                site.now, server.node, "ACTS in epoch \(record.epoch) (\(record.reason): \(record.evidence))")
        }
        if server.node == .backup, !backupKnowsPair { say("an unpaired Backup acts") }
    }

    func asks(toStore record: Record, at server: ServerMachine, _ site: Site) {
        // One that lost its store may learn from Main that it was the holder.
        if server.node == .backup, server.core?.record?.holder == server.name { backupKnowsPair = true }
        if record.reason == .forced, record.by != nil, record.version == 1 {
            // The operator answers for the pair that it has not heard of.
            if server.node == .backup { backupKnowsPair = true }
            splitFrom = max(splitFrom ?? record.epoch, record.epoch)
        }
        guard let before = server.core?.record, record.epoch > before.epoch, record.holder == server.name,
            before.mode == .paired, before.witnesses.isEmpty
        else { return }
        // Granted by the other server: that one has it on disk.
        let isGranted = site.server(server.node.other).disk.content?.epoch == record.epoch
        let wereConnected = site.areServersConnected && site.now - lastApart > Self.meeting
        guard !isGranted else { return }
        if wereConnected {
            unasked[server.node.index] = (record.epoch, site.now)
        } else {
            splitFrom = max(splitFrom ?? record.epoch, record.epoch)
        }
    }

    private func noteLateWrite(_ server: ServerMachine, _ core: Coordinator, _ site: Site) {
        guard let (epoch, instant) = unasked[server.node.index], core.isActive, core.record?.epoch == epoch else {
            return
        }
        unasked[server.node.index] = nil
        if site.now - instant > Self.telling { splitFrom = max(splitFrom ?? epoch, epoch) }
    }

    func stored(_ record: Record, at server: ServerMachine, _ site: Site) {
        guard let splitFrom, record.epoch >= splitFrom else { return }
        if site.servers[0].disk.content?.epoch == site.servers[1].disk.content?.epoch { self.splitFrom = nil }
    }

    func lostStore(_ server: ServerMachine) { if server.node == .backup { backupKnowsPair = false } }

    private func say(_ sentence: String) { violation = violation ?? sentence }
}
