import Testing

@testable import FailoverCore

@Suite("Start (rule 11)")
struct StartTests {
    @Test("A Main that was told of no Backup begins its site at once")
    func mainStartsAlone() {
        var servers = TwoServers()
        servers.start(.main, hasPeer: false)
        #expect(servers.main.isActive)
        #expect(servers.main.phase == .alone)
        #expect(servers.main.record?.reason == .started)
    }

    @Test(
        "Without a record nobody can tell a first start from a lost store: Main asks the Backup, for as long as it takes"
    )
    func freshMainAsks() {
        var servers = TwoServers()
        servers.start(.main)
        servers.handle(.linkRefused, at: .main)
        servers.run(.seconds(60))
        #expect(!servers.main.isActive)
        servers.start(.backup)
        servers.run(.milliseconds(100))
        #expect(servers.main.isActive)
    }

    @Test("A Backup that was never paired never acts")
    func unpairedBackupNeverActs() {
        var servers = TwoServers()
        servers.start(.backup)
        servers.handle(.linkRefused, at: .backup)
        servers.run(.seconds(60))
        #expect(!servers.backup.isActive)
        #expect(servers.backup.record == nil)
    }

    @Test("A Main that lost its store takes no epoch that it may have used, and gets its place only from the Backup")
    func lostStore() {
        var servers = TwoServers.paired()
        servers.kill(.main)
        let away = servers.backup.record!.epoch
        servers.loseStore(.main)
        servers.start(.main)
        servers.run(.seconds(1))
        #expect(servers.backup.isActive && !servers.main.isActive)
        servers.run(.seconds(6))
        #expect(servers.main.isActive)
        #expect(
            servers.main.record!.epoch > max(away, Epoch.floor(at: servers.moment.wall))
                || servers.main.record!.epoch > away)
    }

    @Test("A holder that was paired asks the other server first, and obeys its higher record")
    func pairedHolderAsksFirst() {
        var servers = TwoServers.paired()
        servers.kill(.main)
        #expect(servers.backup.isActive)
        let epoch = servers.backup.record!.epoch
        servers.mute = [.backup]
        servers.start(.main)
        servers.handle(.linkRefused, at: .main)
        #expect(!servers.main.isActive, "a refused connection is no answer for a server that was paired")
        servers.mute = []
        servers.run(.milliseconds(100))
        #expect(!servers.main.isActive)
        #expect(servers.main.record?.epoch == epoch)
        #expect(servers.backup.isActive)
    }

    @Test("A holder that was alone resumes at once, in a new epoch")
    func aloneHolderResumes() {
        var servers = TwoServers()
        servers.start(.main, hasPeer: false)
        let first = servers.main.record!
        servers.crash(.main)
        servers.start(.main)
        #expect(!servers.main.isActive)
        servers.handle(.linkRefused, at: .main)
        #expect(servers.main.isActive)
        #expect(servers.main.record!.epoch > first.epoch)
        #expect(servers.main.record!.reason == .resumed)
    }

    @Test(
        "After both went down, either one alone takes the pair over by votes, when the other stays away",
        arguments: [true, false])
    func oneAloneAfterBothDown(isMain: Bool) {
        var servers = TwoServers.paired()
        servers.crash(.main)
        servers.crash(.backup)
        let side: TwoServers.Side = isMain ? .main : .backup
        servers.start(side)
        servers.run(.milliseconds(2900))
        #expect(!servers.coordinators[side]!.isActive)
        servers.run(.milliseconds(300))
        #expect(servers.coordinators[side]!.isActive)
    }

    @Test("After both went down and up again, the holder goes on, with the other's word and no wait")
    func bothBack() {
        var servers = TwoServers.paired()
        servers.crash(.main)
        servers.crash(.backup)
        servers.start(.backup)
        servers.start(.main)
        servers.run(.milliseconds(200))
        #expect(servers.main.isActive && servers.main.phase == .idle)
    }

    @Test("A second server of one role is refused, and the running pair is undisturbed")
    func secondMainIsRefused() {
        var servers = TwoServers.paired()
        let heartbeat = servers.lastDirectives[.backup]!.compactMap {
            if case .send(let heartbeat) = $0 { heartbeat } else { nil }
        }.last!
        var second = Coordinator(
            identity: .init(role: .main, address: TwoServers.address(.main), session: "second", hasPeer: true),
            record: nil, at: servers.moment)
        var directives = second.handle(.heartbeat(heartbeat), at: servers.moment)
        #expect(!directives.contains(.refuseStart), "its predecessor may just have died")
        servers.run(.milliseconds(3100))
        directives = second.handle(.heartbeat(heartbeat), at: servers.moment)
        #expect(directives.contains(.refuseStart))
        #expect(!second.isActive)
    }

    @Test("Both down, and one of them lost its store: the site finds back", arguments: [true, false])
    func lostStoreAfterPowerCut(isMain: Bool) {
        var servers = TwoServers.paired()
        servers.run(.seconds(120))
        servers.crash(.main)
        servers.crash(.backup)
        servers.loseStore(isMain ? .main : .backup)
        servers.start(.backup)
        servers.start(.main)
        servers.run(.seconds(10))
        #expect(servers.main.isActive && servers.main.phase == .idle && servers.backup.phase == .idle)
    }
}
