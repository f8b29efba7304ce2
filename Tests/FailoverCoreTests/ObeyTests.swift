import Testing

@testable import FailoverCore

@Suite("A higher record wins")
struct ObeyTests {
    @Test("A Main that hung stands down when it sees the higher epoch")
    func hungMainStandsDown() {
        var servers = TwoServers.paired()
        servers.hung = [.main]
        servers.run(.milliseconds(400))
        #expect(servers.backup.isActive)
        #expect(!servers.main.isActive(at: servers.now), "its lease ended while it hung")
        servers.hung = []
        servers.run(.milliseconds(60))
        #expect(!servers.main.isActive && servers.backup.isActive)
        #expect(servers.main.record?.epoch == servers.backup.record?.epoch)
    }
}
