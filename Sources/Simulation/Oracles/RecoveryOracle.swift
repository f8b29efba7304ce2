import FailoverCore

/// I6: when the faults have ended, the site finds back.
enum RecoveryOracle {
    /// How long that may take: the longest pause before a pair (30 s), and the longest return delay that the faults can
    /// have led to. That doubles from 5 s with each return, and a return takes as long as the delay itself: in a safety
    /// phase of 40 s there are at most three, so it is 40 s. The rest is for starts (3 s), witnesses and messages.
    static let patience = Span.seconds(80)
    /// For how long it must then stay as it is: longer than any pause after which a rule acts in a sound site.
    static let stays = Span.seconds(3)

    /// What is still amiss; `nil` when Main is active, both servers are ready, and every client follows Main.
    static func problem(of site: Site) -> String? {
        let (main, backup) = (site.server(.main), site.server(.backup))
        guard let mainCore = main.core, let backupCore = backup.core else { return "a server is down" }
        guard mainCore.isActive(at: main.clock.monotonic(at: site.now)), mainCore.phase == .idle,
            backupCore.phase == .idle, mainCore.record == backupCore.record
        else { return "Main is \(state(of: mainCore)), the Backup is \(state(of: backupCore))" }
        for client in site.clients {
            guard client.follower.following == main.name, client.follower.epoch == mainCore.record?.epoch else {
                return "\(client.node) follows \(client.follower.following?.description ?? "nobody")"
            }
        }
        return nil
    }

    private static func state(of core: Coordinator) -> String {
        "\(core.phase), \(core.isActive ? "active" : "not active"), with \(Script.text(core.record))"
    }
}
