import Testing

@testable import FailoverCore

@Suite("Stop in good order (rule 6)")
struct StopTests {
    @Test("A stop in good order of a holder that is alone: it pairs first, and is relieved")
    func stopWhileAlone() {
        var servers = TwoServers.paired()
        servers.kill(.backup)
        servers.start(.backup)
        servers.run(.milliseconds(100))
        #expect(servers.main.record?.mode == .alone)
        servers.handle(.stopRequested, at: .main)
        servers.run(.milliseconds(100))
        #expect(servers.backup.isActive)
        #expect(servers.lastDirectives[.main]!.contains(.readyToStop))
    }

    @Test("A stop in good order: Main serves until the Backup has taken over, then goes")
    func stopInGoodOrder() {
        var servers = TwoServers.paired()
        servers.handle(.stopRequested, at: .main)
        #expect(servers.backup.isActive)
        #expect(servers.backup.record?.reason == .mainStopped)
        #expect(servers.backup.record?.silenceMs == 0)
        #expect(servers.lastDirectives[.main]!.contains(.readyToStop))
    }

    @Test("A stop without a standby, or of the standby, goes at once")
    func stopAtOnce() {
        var servers = TwoServers()
        servers.start(.main, hasPeer: false)
        servers.handle(.stopRequested, at: .main)
        #expect(servers.lastDirectives[.main]!.contains(.readyToStop))

        servers = .paired()
        servers.handle(.stopRequested, at: .backup)
        #expect(servers.lastDirectives[.backup]!.contains(.readyToStop))
        servers.run(.milliseconds(30))
        #expect(servers.main.isActive && servers.main.record?.mode == .alone)
        #expect(servers.main.record?.reason == .backupStopped)
    }
}
