import FailoverCore

/// I6: when the faults have ended, the site finds back.
enum RecoveryOracle {
    /// How long that may take: the longest pause before a pair (30 s), and the longest return delay that the faults can
    /// have led to. That doubles from 5 s with each return, and a return takes as long as the delay itself: in a safety
    /// phase of 40 s there are at most three, so it is 40 s. The rest is for starts (3 s), witnesses and messages.
    static let patience = Span.seconds(80)
    /// For how long it must then stay as it is: longer than any pause after which a rule acts in a sound site.
    static let stays = Span.seconds(3)

    /// What is still amiss; `nil` when the site is home, both servers are ready, and every client follows the active one.
    static func problem(of site: Site) -> String? {
        let (main, backup) = (site.server(.main), site.server(.backup))
        guard let mainCore = main.core, let backupCore = backup.core else { return "a server is down" }
        let acts = (
            main: mainCore.isActive(at: main.clock.monotonic(at: site.now)),
            backup: backupCore.isActive(at: backup.clock.monotonic(at: site.now))
        )
        guard let record = mainCore.record, backupCore.record.map({ isSame(record, $0) }) ?? false,
            acts.main != acts.backup,
            phaseAtHome(record, backupActs: acts.backup).map({ [mainCore.phase, backupCore.phase] == [$0, $0] })
                ?? false
        else { return "Main is \(state(of: mainCore)), the Backup is \(state(of: backupCore))" }
        for client in site.clients {
            guard client.follower.following == record.holder, client.follower.epoch == record.epoch else {
                return "\(client.node) follows \(client.follower.following?.description ?? "nobody")"
            }
        }
        return nil
    }

    /// A record that the Backup and the witnesses granted at once may bear two times of day; a pair is written by one server
    /// only.
    private static func isSame(_ one: Record, _ other: Record) -> Bool {
        guard one.mode == .single else { return one == other }
        return one.epoch == other.epoch && one.version == other.version && other.mode == .single
    }

    /// What both servers say at home: Main acts and the Backup may take over, or what an operator wanted instead; that is,
    /// Main acts alone after the Backup's removal, and after a planned switch the Backup acts, with Main as its standby.
    private static func phaseAtHome(_ record: Record, backupActs: Bool) -> Phase? {
        switch record.mode {
        case .single: backupActs ? nil : .alone
        case .paired where backupActs: record.staysAway ? .active : nil
        case .paired: .idle
        case .alone: nil
        }
    }

    private static func state(of core: Coordinator) -> String {
        "\(core.phase), \(core.isActive ? "active" : "not active"), with \(Script.text(core.record))"
    }
}
