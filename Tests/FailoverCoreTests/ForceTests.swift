import Foundation
import Testing

@testable import FailoverCore

@Suite("An operator forces a server (rule 14)")
struct ForceTests {
    private let backup = TwoServers.Side.backup.name

    @Test("Rule 14: Main died ALONE; the Backup waits, until an operator forces it")
    func forceBackup() {
        var servers = TwoServers.paired()
        servers.crash(.backup)
        servers.run(.seconds(1))
        #expect(servers.main.record?.mode == .alone)
        servers.crash(.main)
        servers.start(.backup)
        servers.run(.seconds(10))
        #expect(!servers.backup.isActive)
        servers.handle(.ordered(.switchOver(to: backup), by: TwoServers.user), at: .backup)
        #expect(servers.answers(of: .backup) == [.refused(.notSafe)])
        servers.handle(.ordered(.force, by: TwoServers.user), at: .backup)
        #expect(servers.backup.isActive && servers.backup.record?.reason == .forced)
        #expect(servers.answers(of: .backup).last == .done)
        // Main comes back, obeys the higher epoch, and goes home by itself: it was lost.
        servers.start(.main)
        servers.runOneAtATime(.seconds(12))
        #expect(servers.main.isActive && servers.main.phase == .idle)
    }

    @Test("Rule 14: a Main without a record that was told of a Backup waits, until an operator forces it")
    func forceFirstStart() {
        var servers = TwoServers()
        servers.start(.main)
        servers.run(.seconds(10))
        #expect(!servers.main.isActive)
        servers.handle(.ordered(.force, by: TwoServers.user), at: .main)
        #expect(servers.main.isActive)
    }

    @Test("A forced epoch is above every epoch that clients obey, also one that this server has not heard of")
    func forcedEpochIsHighest() {
        var servers = TwoServers.paired()
        servers.crash(.backup)
        servers.run(.seconds(1))
        let obeyed = servers.main.record!.epoch
        servers.crash(.main)
        servers.start(.backup)
        servers.run(.seconds(10))
        servers.handle(.followed(obeyed), at: .backup)
        servers.handle(.ordered(.force, by: TwoServers.user), at: .backup)
        #expect(servers.backup.record!.epoch > obeyed)
    }

    @Test("A Main that was ALONE and whose clients obey a forced Backup does not take them back unasked")
    func supersededMainWaits() {
        var servers = TwoServers.paired()
        servers.crash(.backup)
        servers.run(.seconds(1))
        let epoch = servers.main.record!.epoch.next(for: .backup)
        servers.crash(.main)
        servers.start(.main)
        servers.handle(.followed(epoch), at: .main)
        servers.run(.seconds(10))
        #expect(!servers.main.isActive)
        servers.handle(.ordered(.force, by: TwoServers.user), at: .main)
        #expect(servers.main.isActive && servers.main.record!.epoch > epoch)
    }

    @Test("Main goes on when the server that its clients obeyed answers, and has lost that epoch with its store")
    func supersededByNobody() {
        var servers = TwoServers.paired()
        servers.crash(.backup)
        servers.run(.seconds(1))
        let epoch = servers.main.record!.epoch.next(for: .backup)
        servers.crash(.main)
        servers.loseStore(.backup)
        servers.start(.backup)
        servers.start(.main)
        servers.handle(.followed(epoch), at: .main)
        servers.run(.seconds(10))
        #expect(servers.main.isActive && servers.main.record!.epoch > epoch)
    }

    @Test("An epoch that no site can have reached is not believed: what follows on it could not be read")
    func unbelievableEpoch() throws {
        var servers = TwoServers.paired()
        for number in [UInt64(Int64.max), 1 << 62] { servers.handle(.followed(Epoch(number)), at: .main) }
        servers.handle(.ordered(.stopSite, by: TwoServers.user), at: .main)
        servers.run(.milliseconds(300))
        let record = try #require(servers.disks[.main])
        #expect(record.reason == .siteStopped)
        #expect(try JSONDecoder().decode(Record.self, from: JSONEncoder().encode(record)) == record)
    }

    @Test("Force asks a holder that can be asked, so that nothing is lost")
    func forceIsOrderlyWhereItCan() {
        var servers = TwoServers.paired()
        servers.handle(.ordered(.force, by: TwoServers.user), at: .backup)
        servers.runOneAtATime(.milliseconds(500))
        #expect(servers.backup.isActive && servers.backup.record?.reason == .planned)
        #expect(servers.answers(of: .backup) == [.done])
    }

    @Test("A forced server whose partner acted unseen: the forced one's word counts when they meet")
    func forcedWhileTheOtherActs() {
        var servers = TwoServers.paired()
        servers.mute = [.main, .backup]
        servers.cutFromWitnesses = [.backup]
        servers.run(.seconds(2))
        #expect(servers.main.isActive && !servers.backup.isActive)
        servers.handle(.ordered(.force, by: TwoServers.user), at: .backup)
        #expect(servers.backup.isActive)
        servers.mute = []
        servers.run(.milliseconds(100))
        #expect(!(servers.main.isActive && servers.backup.isActive))
    }
}
