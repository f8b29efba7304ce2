import FailoverCore

/// What the site owes its users when one server alone is in trouble.
///
/// A promise is watched only when the site was sound until then: paired, with witnesses that hear both servers, and
/// undisturbed for a second. Trouble elsewhere ends the watch, slow writes among it.
final class AvailabilityOracle {
    private enum Watch {
        /// Rule 15: only the Backup is in trouble, whatever that is and however often, and Main stays active.
        case mainStays
        /// The holder is lost, and the standby acts by then.
        case standbyActs(Node, by: Instant)
    }

    private(set) var violation: String?
    private var watch: Watch?
    private var soundSince: Instant?

    /// How long a site must have been sound.
    private static let calm = Span.seconds(1)
    /// From the loss of the holder: its lease and the margin (130 ms, on a clock that may be 1.5 % slow) from the last
    /// heartbeat; a witness that still heard the holder is asked again with the next heartbeat (25 ms); then at most two
    /// quick writes (8 ms each), and the ways (a few milliseconds each).
    private static let takeover = Span.milliseconds(250)

    /// Called every tenth of a second.
    func look(_ site: Site) {
        if isSound(site) { soundSince = soundSince ?? site.now } else { soundSince = nil }
        observe(site)
    }

    func observe(_ site: Site) {
        switch watch {
        case .mainStays:
            guard let core = site.server(.main).core, let record = core.record else {
                watch = nil
                return
            }
            // A pair without witnesses, just after the Backup came back, is promised nothing (rule 7).
            if record.mode == .paired, record.witnesses.isEmpty {
                watch = nil
                return
            }
            guard core.isActive(at: site.server(.main).clock.monotonic(at: site.now)) else {
                return say("rule 15: only the Backup was in trouble, and Main is not active any more")
            }
        case .standbyActs(let node, let deadline):
            let standby = site.server(node)
            if standby.core?.isActive == true {
                watch = nil
            } else if site.now > deadline {
                say("availability: the holder is lost, and \(node) does not act within \(Self.takeover.inSeconds) s")
            }
        case nil: break
        }
    }

    func faultBegins(_ fault: Fault, _ site: Site) {
        let isCalm = soundSince.map { site.now - $0 >= Self.calm } ?? false
        soundSince = nil
        switch watch {
        case .mainStays: if !fault.servers.contains(.backup) { watch = nil }
        case .standbyActs: watch = nil
        case nil:
            guard isCalm, isSound(site), let holder = site.server(.main).core?.record?.holder else { return }
            let node = holder == site.server(.main).name ? Node.main : .backup
            if fault.lostServer == node {
                watch = .standbyActs(node.other, by: site.now + Self.takeover)
                site.tally.takeoversWatched += 1
            } else if node == .main, fault.servers.contains(.backup) {
                watch = .mainStays
                site.tally.staysWatched += 1
            }
        }
    }

    func faultEnded(_ fault: Fault) { if case .standbyActs = watch { watch = nil } }

    func disturbed(_ servers: [Node]) {
        soundSince = nil
        if case .mainStays = watch, servers == [.backup] { return }
        watch = nil
    }

    private func isSound(_ site: Site) -> Bool {
        guard site.faults.active.allSatisfy({ $0.fault.isHarmless }), site.machines.allSatisfy(\.isActing),
            site.ways.allSatisfy(\.isOpen), let main = site.server(.main).core, let backup = site.server(.backup).core,
            let record = main.record, record == backup.record, record.mode == .paired, !record.witnesses.isEmpty,
            !main.isFollowingOrder, !backup.isFollowingOrder, !main.isLeaving, !backup.isLeaving,
            main.isPeerHealthy, backup.isPeerHealthy, main.isActive != backup.isActive
        else { return false }
        let standby = record.holder == site.server(.main).name ? backup : main
        guard record.standbySession == standby.identity.session else { return false }
        return record.witnesses.allSatisfy { witness in
            guard let client = site.clients.first(where: { $0.identity == witness }) else { return false }
            return Node.servers.allSatisfy { server in
                let key = SessionKey(owner: client.node, server: server, broker: .control)
                return site.sessions[key.index].serverRun == site.server(server).run
            }
        }
    }

    private func say(_ sentence: String) { violation = violation ?? sentence }
}
