import Testing

@testable import FailoverCore

@Suite("An operator adds a Backup")
struct AdditionTests {
    private let backup = TwoServers.Side.backup.name
    private let stranger = MachineName("backup-2")!

    /// Main acts by itself, and was told of no Backup.
    private func mainAlone() -> TwoServers {
        var servers = TwoServers()
        servers.start(.main, hasPeer: false)
        servers.handle(.mayBeginPair(false), at: .main)
        servers.run(.milliseconds(100))
        return servers
    }

    private func removed() -> TwoServers {
        var servers = TwoServers.paired()
        servers.handle(.ordered(.removeBackup, by: TwoServers.user), at: .main)
        servers.run(.seconds(1))
        servers.lastDirectives = [:]
        return servers
    }

    @Test("It is answered when the Backup has the show: paired, and able to take over")
    func addition() {
        var servers = mainAlone()
        #expect(servers.main.isActive && !servers.main.hasPair)
        servers.start(.backup)
        servers.withoutCopies = [.main]
        servers.handle(.ordered(.addBackup(backup), by: TwoServers.user), at: .main)
        servers.run(.seconds(20))
        #expect(servers.answers(of: .main).isEmpty && servers.main.record?.mode == .alone)
        servers.withoutCopies = []
        servers.handle(.copied(session: servers.backup.identity.session), at: .main)
        servers.run(.milliseconds(200))
        #expect(servers.answers(of: .main) == [.done])
        #expect(servers.main.record?.backup?.name == backup && servers.main.phase == .idle)
        #expect(servers.disks[.backup]?.mode == .paired)
        servers.kill(.main)
        servers.run(.seconds(2))
        #expect(servers.backup.isActive)
    }

    @Test("After a removal, which it ends in one step: no record in between names the Backup without it being in sync")
    func additionAfterRemoval() {
        var servers = removed()
        servers.run(.seconds(10))
        #expect(servers.main.record?.mode == .single && servers.backup.isOutside)
        servers.handle(.ordered(.addBackup(backup), by: TwoServers.user), at: .main)
        servers.run(.milliseconds(300))
        #expect(servers.answers(of: .main) == [.done])
        let stored = servers.lastDirectives[.main, default: []].compactMap {
            if case .store(let record) = $0 { record.mode } else { nil }
        }
        #expect(stored.first == .paired)
        #expect(!servers.backup.isOutside && servers.backup.phase == .idle)
    }

    @Test("Nobody who was not asked for is paired: not after a removal, not without licences, not by another name")
    func uninvited() {
        var servers = removed()
        servers.handle(.mayBeginPair(true), at: .main)
        servers.run(.seconds(10))
        #expect(servers.main.record?.mode == .single)
        servers.handle(.ordered(.addBackup(stranger), by: TwoServers.user), at: .main)
        servers.run(.seconds(10))
        #expect(servers.main.record?.mode == .single)

        servers = mainAlone()
        servers.start(.backup)
        servers.run(.seconds(10))
        #expect(servers.main.record?.mode == .alone && servers.main.record?.backup == nil)
        servers.handle(.mayBeginPair(true), at: .main)
        servers.run(.seconds(1))
        #expect(servers.main.record?.mode == .paired)
    }

    @Test("A pair that exists is paired again whatever the licences say by then")
    func licenseEnds() {
        var servers = TwoServers.paired()
        servers.handle(.mayBeginPair(false), at: .main)
        servers.kill(.backup)
        servers.run(.seconds(2))
        #expect(servers.main.record?.mode == .alone)
        servers.start(.backup)
        servers.run(.seconds(5))
        #expect(servers.main.record?.mode == .paired)
    }

    @Test("Refused: a Backup is there already, this server does not act, or the Backup is not heard; nothing changes")
    func refusals() {
        var servers = TwoServers.paired()
        for side in TwoServers.Side.allCases {
            servers.handle(.ordered(.addBackup(stranger), by: TwoServers.user), at: side)
        }
        #expect(servers.answers(of: .main) == [.refused(.alreadyPaired(with: backup))])
        #expect(servers.answers(of: .backup) == [.refused(.notActive(active: TwoServers.Side.main.name))])

        servers = removed()
        servers.mute = [.backup]
        servers.run(.seconds(1))
        let before = servers.main.record
        servers.handle(.ordered(.addBackup(backup), by: TwoServers.user), at: .main)
        servers.run(.seconds(20))
        #expect(servers.answers(of: .main) == [.refused(.unreachable(backup))])
        #expect(servers.main.record == before)
        // What was refused does not happen later.
        servers.mute = []
        servers.run(.seconds(20))
        #expect(servers.main.record == before && servers.backup.isOutside)
    }

    @Test("A stall while the show is copied does not end it; silence does")
    func stall() {
        var servers = mainAlone()
        servers.start(.backup)
        servers.withoutCopies = [.main]
        servers.handle(.ordered(.addBackup(backup), by: TwoServers.user), at: .main)
        servers.run(.seconds(30))
        servers.mute = [.backup]
        servers.run(.seconds(1))
        #expect(!servers.main.isPeerHealthy && servers.answers(of: .main).isEmpty)
        servers.mute = []
        servers.run(.seconds(1))
        servers.mute = [.backup]
        servers.run(.seconds(16))
        #expect(servers.answers(of: .main) == [.refused(.unreachable(backup))])
    }

    @Test("The site moves on while the Backup copies: Main is stopped, or the other one is forced to act")
    func overtaken() {
        for isForced in [false, true] {
            var servers = removed()
            servers.withoutCopies = [.main]
            servers.handle(.ordered(.addBackup(backup), by: TwoServers.user), at: .main)
            servers.run(.seconds(1))
            servers.handle(
                isForced ? .ordered(.force, by: TwoServers.user) : .stopRequested, at: isForced ? .backup : .main)
            servers.run(.seconds(2))
            #expect(servers.answers(of: .main) == [.refused(isForced ? .notActive(active: backup) : .stopping)])
        }
    }

    @Test("Removal without a Backup is refused, and says so")
    func nothingToRemove() {
        var servers = removed()
        servers.handle(.ordered(.removeBackup, by: TwoServers.user), at: .main)
        servers.run(.seconds(1))
        #expect(servers.answers(of: .main) == [.refused(.noBackup)])
    }

    @Test("Rule 13: a Backup that was replaced grants nothing, takes nothing over, and says that it has no part")
    func replaced() throws {
        var servers = TwoServers.paired(witnesses: 3)
        var record = try #require(servers.main.record)
        record.version += 1
        record.backup?.name = stranger
        record.standbySession = "another run"
        var heartbeat = try #require(servers.heartbeats(of: .main).last)
        heartbeat.record = record
        // It comes back from a cut, and hears of the pair that has another Backup by now.
        servers.hung = [.main]
        servers.handle(.heartbeat(heartbeat), at: .backup)
        #expect(servers.backup.isOutside && servers.backup.phase == .alone && !servers.backup.hasPair)
        servers.lastDirectives = [:]
        servers.kill(.main)
        servers.run(.seconds(30))
        #expect(!servers.backup.isActive && servers.heartbeats(of: .backup).allSatisfy { $0.claim == nil })
        heartbeat.claim = Claim(
            from: record.epoch, epoch: record.epoch.next(for: .main), purpose: .goOnAlone, reason: .backupLost,
            evidence: "", silenceMs: 0)
        servers.handle(.heartbeat(heartbeat), at: .backup)
        #expect(servers.disks[.backup]?.epoch == record.epoch, "only the standby may grant that")
    }

    @Test("Main does not hear a Backup of another site, whose record would win")
    func otherSite() throws {
        var servers = mainAlone()
        let before = servers.main.record
        var foreign = try #require(before)
        foreign.epoch = Epoch(4001)
        foreign.holder = MachineName("main-9")!
        foreign.main?.name = foreign.holder
        foreign.backup = TwoServers.address(.backup)
        servers.start(.backup)
        var heartbeat = try #require(servers.heartbeats(of: .backup).last)
        heartbeat.record = foreign
        servers.handle(.heartbeat(heartbeat), at: .main)
        #expect(servers.main.isActive && servers.main.record == before)
    }
}

extension TwoServers {
    fileprivate func heartbeats(of side: Side) -> [ElectionHeartbeat] {
        lastDirectives[side, default: []].compactMap { if case .send(let heartbeat) = $0 { heartbeat } else { nil } }
    }
}
