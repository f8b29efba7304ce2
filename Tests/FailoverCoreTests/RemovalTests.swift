import Testing

@testable import FailoverCore

@Suite("An operator removes the Backup (rule 13)")
struct RemovalTests {
    private let backup = TwoServers.Side.backup.name

    @Test("Rule 13: removal is agreed with the Backup, which never takes over again")
    func removal() {
        var servers = TwoServers.paired()
        servers.handle(.ordered(.removeBackup, by: TwoServers.user), at: .main)
        servers.runOneAtATime(.milliseconds(200))
        #expect(servers.answers(of: .main) == [.done])
        #expect(servers.main.isActive && servers.main.record?.mode == .single && !servers.main.hasPair)
        servers.run(.seconds(60))
        #expect(servers.main.record?.mode == .single)
        servers.kill(.main)
        servers.run(.seconds(60))
        #expect(!servers.backup.isActive)
        servers.start(.main)
        servers.run(.seconds(10))
        #expect(servers.main.isActive && servers.main.record?.mode == .single)
    }

    @Test("Rule 13: a Backup that was cut off when it was removed cannot come back as active", arguments: [1, 3])
    func removalOfTheUnreachable(witnesses: Int) {
        var servers = TwoServers.paired(witnesses: witnesses)
        servers.mute = [.main, .backup]
        servers.cutFromWitnesses = [.backup]
        servers.handle(.ordered(.removeBackup, by: TwoServers.user), at: .main)
        servers.run(.seconds(2))
        #expect(servers.answers(of: .main) == [.done])
        servers.cutFromWitnesses = [.main]
        servers.runOneAtATime(.seconds(10))
        #expect(servers.main.isActive && !servers.backup.isActive)
    }

    @Test("Rule 13: removal while the Backup acts is the switchover back, and the pair remains")
    func removalWhileActive() {
        var servers = TwoServers.paired()
        servers.handle(.ordered(.switchOver(to: backup), by: TwoServers.user), at: .main)
        servers.run(.seconds(1))
        servers.handle(.ordered(.removeBackup, by: TwoServers.user), at: .backup)
        servers.run(.seconds(2))
        #expect(servers.answers(of: .backup) == [.done])
        #expect(servers.main.isActive && servers.main.phase == .idle)
    }
}
