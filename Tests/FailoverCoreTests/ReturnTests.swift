import Testing

@testable import FailoverCore

@Suite("Return (rule 10)")
struct ReturnTests {
    @Test("Main back: it stays passive for the return delay, then clients go home and both pair again")
    func comesHome() {
        var servers = TwoServers.paired()
        servers.kill(.main)
        servers.start(.main)
        servers.run(.milliseconds(4900))
        #expect(servers.backup.isActive && !servers.main.isActive)
        #expect(servers.main.phase == .active)
        servers.run(.milliseconds(1200))
        #expect(servers.main.isActive && !servers.backup.isActive)
        #expect(servers.main.record?.reason == .mainReturned)
        #expect(servers.main.record?.silenceMs == 0)
        #expect(servers.main.phase == .idle && servers.backup.phase == .idle)
    }

    @Test("Nobody else is active while the epoch is handed over (rule 6)")
    func handOver() {
        var servers = TwoServers.paired()
        servers.kill(.main)
        servers.start(.main)
        for _ in 0..<700 {
            servers.run(.milliseconds(10))
            #expect(!(servers.main.isActive && servers.backup.isActive))
        }
        #expect(servers.main.isActive)
    }

    @Test("return: manual waits for the operator")
    func manualReturn() {
        var servers = TwoServers.paired()
        servers.kill(.main)
        servers.start(.main, returnsAutomatically: false)
        servers.run(.seconds(120))
        #expect(servers.backup.isActive && !servers.main.isActive)
    }

    @Test("A Backup that acts and dies hands over to a Main that was paired to it")
    func activeBackupDies() {
        var servers = TwoServers.paired()
        servers.kill(.main)
        servers.start(.main)
        servers.run(.seconds(2))
        #expect(servers.backup.record?.mode == .paired)
        servers.kill(.backup)
        #expect(servers.main.isActive)
        #expect(servers.main.record?.reason == .backupLost)
    }

    @Test("Rule 10: the return delay grows with each failure that soon follows a return, also over Main's crashes")
    func returnDelayGrows() {
        var servers = TwoServers.paired()
        for expected in [5, 10, 20] {
            servers.kill(.main)
            servers.run(.milliseconds(500))
            servers.start(.main)
            servers.run(.milliseconds(1000 * expected - 500))
            #expect(servers.backup.isActive, "still away before \(expected) s")
            servers.run(.milliseconds(1500))
            #expect(servers.main.isActive, "home after \(expected) s")
        }
        servers.run(.seconds(120))
        servers.kill(.main)
        servers.run(.seconds(1))
        #expect(servers.backup.record?.failuresAfterReturn == 0)
    }
}
