import Testing

@testable import FailoverCore

@Suite("Copies before pairs and hand-overs (rules 6 and 8)")
struct CopyTests {
    private func confirmsAlone(_ servers: TwoServers, _ side: TwoServers.Side) -> Bool {
        servers.coordinators[side]?.confirmsAlone(at: servers.now) ?? false
    }

    @Test("Rule 8: a Backup that does not have everything is not paired, and Main goes on confirming alone")
    func noPair() {
        var servers = TwoServers(timing: Timing(), witnesses: 1)
        servers.withoutCopies = [.main]
        servers.start(.main)
        servers.start(.backup)
        servers.run(.seconds(5))
        #expect(servers.main.isActive && servers.main.record?.mode == .alone)
        #expect(servers.main.marksFor == servers.backup.identity.session)
        #expect(confirmsAlone(servers, .main))
        servers.handle(.copied(session: "another run"), at: .main)
        servers.run(.milliseconds(100))
        #expect(servers.main.record?.mode == .alone)
        servers.handle(.copied(session: servers.backup.identity.session), at: .main)
        servers.run(.milliseconds(100))
        #expect(servers.main.phase == .idle && !confirmsAlone(servers, .main))
    }

    @Test(
        "Rule 8: from the moment at which the Backup has everything, nothing is confirmed without it, also while the pair is written down"
    )
    func whileWriting() {
        var servers = TwoServers(timing: Timing(), witnesses: 1)
        servers.withoutCopies = [.main]
        servers.start(.main)
        servers.start(.backup)
        servers.run(.milliseconds(200))
        servers.slowDisk = [.main]
        #expect(confirmsAlone(servers, .main))
        servers.handle(.copied(session: servers.backup.identity.session), at: .main)
        #expect(servers.main.record?.mode == .alone && !confirmsAlone(servers, .main))
    }

    @Test("Rule 8: a Backup that is lost before the pair is written ends the wait: Main confirms alone again")
    func lostBefore() {
        var servers = TwoServers(timing: Timing(), witnesses: 1)
        servers.withoutCopies = [.main]
        servers.start(.main)
        servers.start(.backup)
        servers.run(.milliseconds(200))
        servers.kill(.backup)
        servers.run(.milliseconds(200))
        #expect(servers.main.marksFor == nil && confirmsAlone(servers, .main))
    }

    @Test("Rule 6: a holder hands over only to a standby that has everything")
    func handOver() throws {
        var servers = TwoServers.paired()
        servers.withoutCopies = [.main]
        servers.handle(
            .ordered(.switchOver(to: servers.backup.me), by: try #require(MachineName("engineer"))), at: .main)
        servers.run(.seconds(1))
        #expect(servers.main.isActive && !servers.backup.isActive)
        servers.handle(.copied(session: servers.backup.identity.session), at: .main)
        servers.run(.milliseconds(100))
        #expect(!servers.main.isActive && servers.backup.isActive)
    }
}
