import Testing

@testable import FailoverCore

@Suite("Pairing (rule 8)")
struct PairingTests {
    @Test("Both servers up: Main is active, the Backup is its standby, chip phase idle on both")
    func pair() {
        let servers = TwoServers.paired()
        #expect(servers.main.isActive && !servers.backup.isActive)
        #expect(servers.main.record == servers.backup.record)
        #expect(servers.main.record?.mode == .paired)
        #expect(servers.main.record?.standbySession == servers.backup.identity.session)
        #expect(servers.main.phase == .idle && servers.backup.phase == .idle)
    }

    @Test("What was held up on the way and comes late makes no pair: its lease would be over at once")
    func pairsByFreshEcho() throws {
        var servers = TwoServers.paired()
        servers.mute = [.main, .backup]
        servers.run(.milliseconds(200))
        let sent = servers.lastDirectives[.main]?.last { if case .send = $0 { true } else { false } }
        guard case .send(let heldUp) = try #require(sent) else { return }
        let alone = try #require(servers.main.record)
        #expect(heldUp.record == alone && alone.mode == .alone)
        servers.run(.seconds(2))
        servers.mute = [.main]
        servers.handle(.heartbeat(heldUp), at: .backup)
        servers.run(.milliseconds(100))
        #expect(servers.main.isActive && servers.main.record == alone)
        servers.mute = []
        servers.run(.milliseconds(100))
        #expect(servers.main.isActive && servers.main.phase == .idle)
    }

    @Test("A standby that restarted is another one: alone it asks the witnesses when its patience is over, not before")
    func restartedStandbyAlone() {
        var servers = TwoServers.paired()
        servers.crash(.main)
        servers.crash(.backup)
        servers.start(.backup)
        servers.run(.milliseconds(2900))
        #expect(!servers.backup.isActive)
        servers.run(.seconds(1))
        #expect(servers.backup.isActive)
    }

    @Test("A standby that restarted is paired anew")
    func restartedStandby() {
        var servers = TwoServers.paired()
        let first = servers.main.record!
        servers.crash(.backup)
        servers.start(.backup)
        servers.run(.seconds(2))
        #expect(servers.main.isActive)
        #expect(servers.main.record!.epoch > first.epoch)
        #expect(servers.main.record!.standbySession == servers.backup.identity.session)
    }

    @Test("A flapping link burns few epochs")
    func flapping() {
        var servers = TwoServers.paired()
        let first = servers.main.record!.epoch
        for _ in 0..<30 {
            servers.mute = [.main, .backup]
            servers.run(.milliseconds(500))
            servers.mute = []
            servers.run(.milliseconds(500))
        }
        // 30 s: pauses of 0.5, 1, 2, 4, 8 and 16 s.
        #expect((servers.main.record!.epoch.number - first.number) / 2 <= 6)
        #expect(servers.main.isActive && !servers.backup.isActive)
    }

    @Test(
        "Rule 9: one witness of one or two clients, three of more; a better choice waits a while, then the pair is renewed"
    )
    func witnesses() {
        #expect(TwoServers.paired(witnesses: 0).main.record?.witnesses.count == 0)
        #expect(TwoServers.paired(witnesses: 2).main.record?.witnesses.count == 1)
        var servers = TwoServers.paired(witnesses: 4)
        #expect(servers.main.record?.witnesses.map(\.name.description) == ["cam-1", "cam-2", "cam-3"])
        let epoch = servers.main.record!.epoch
        servers.handle(.candidates(servers.witnesses.dropFirst().map(\.identity)), at: .main)
        servers.run(.milliseconds(900))
        #expect(servers.main.record?.epoch == epoch)
        servers.run(.milliseconds(300))
        #expect(servers.main.isActive && servers.main.phase == .idle)
        #expect(servers.main.record!.epoch > epoch)
        #expect(servers.main.record?.witnesses.map(\.name.description) == ["cam-2", "cam-3", "cam-4"])
    }

    @Test("A pair that is written slowly holds all the same")
    func slowPairing() {
        var servers = TwoServers.paired()
        servers.kill(.backup)
        servers.start(.backup)
        servers.slowDisk = [.main]
        servers.run(.milliseconds(600))
        #expect(servers.main.writing?.mode == .paired)
        let writing = servers.main.writing!
        servers.run(.milliseconds(200))
        servers.slowDisk = []
        servers.handle(.stored(writing), at: .main)
        #expect(servers.main.isActive && servers.main.claim == nil)
        servers.run(.milliseconds(200))
        #expect(servers.main.record?.epoch == writing.epoch && servers.main.phase == .idle)
    }
}
