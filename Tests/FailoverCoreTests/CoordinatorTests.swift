import Testing

@testable import FailoverCore

@Suite("Coordinator")
struct CoordinatorTests {
    // MARK: Start (rule 11)

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

    // MARK: Active (rules 1 and 2)

    @Test("Nothing is active before its record is on disk")
    func storedBeforeActive() {
        var servers = TwoServers()
        servers.slowDisk = [.main]
        servers.start(.main, hasPeer: false)
        servers.run(.seconds(1))
        #expect(!servers.main.isActive)
        guard
            case .store(let record)? = servers.lastDirectives[.main]?.first(where: {
                if case .store = $0 { true } else { false }
            })
        else {
            Issue.record("no record was stored")
            return
        }
        servers.handle(.stored(record), at: .main)
        #expect(servers.main.isActive)
    }

    @Test("Main takes even epochs and Backup odd ones, each above the last")
    func epochs() {
        #expect(Epoch(2).next(for: .backup) == Epoch(3))
        #expect(Epoch(2).next(for: .main) == Epoch(4))
        #expect(Epoch(3).next(for: .backup) == Epoch(5))
        #expect(Epoch(3).next(for: .main) == Epoch(4))
    }

    // MARK: Pairing (rule 8)

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

    // MARK: Takeover (rules 3, 4 and 5)

    @Test("Main hangs: the Backup acts when the lease and its margin have passed, not before", arguments: [1, 3])
    func hang(witnesses: Int) {
        var servers = TwoServers.paired(witnesses: witnesses)
        servers.hung = [.main]
        let start = servers.now
        while !servers.backup.isActive, servers.now - start < .seconds(1) {
            servers.run(.milliseconds(1))
            #expect(!(servers.main.isActive(at: servers.now) && servers.backup.isActive), "I2")
        }
        #expect((.milliseconds(105) ..< .milliseconds(160)).contains(servers.now - start))
        #expect(servers.backup.record?.reason == .mainLost)
        #expect(servers.backup.phase == .active)
    }

    @Test("Main's process gone: the Backup acts at once when most witnesses saw it too, and confirms after the lease")
    func shortcut() {
        var servers = TwoServers.paired(witnesses: 3)
        servers.kill(.main)
        #expect(servers.backup.isActive)
        #expect(!servers.backup.mayConfirm(at: servers.now))
        servers.run(.milliseconds(131))
        #expect(servers.backup.mayConfirm(at: servers.now))
    }

    @Test("A standby that has decided to act gives no echo any more, which would lengthen the holder's lease")
    func noEchoAfterDecision() {
        var servers = TwoServers.paired()
        servers.slowDisk = [.backup]
        servers.hung = [.main]
        servers.run(.milliseconds(200))
        servers.hung = []
        servers.lastDirectives = [:]
        servers.run(.milliseconds(100))
        let echoes = servers.lastDirectives[.backup]!.compactMap { directive -> ElectionHeartbeat.Echo? in
            if case .send(let heartbeat) = directive { heartbeat.echo } else { nil }
        }
        #expect(echoes.isEmpty)
        #expect(!servers.main.isActive)
    }

    @Test("Losing the Backup is not felt while the record is written either (rule 15)")
    func backupLostWithSlowDisk() {
        var servers = TwoServers.paired()
        servers.slowDisk = [.main]
        servers.kill(.backup)
        #expect(servers.main.writing != nil)
        #expect(servers.main.isActive && servers.main.phase == .idle)
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

    @Test("A Backup in its first run lets Main go on alone, although Main's epochs are older than its own floor")
    func freshBackupGrants() {
        var servers = TwoServers(witnesses: 1)
        servers.start(.main, hasPeer: false)
        servers.run(.seconds(120))
        servers.crash(.main)
        servers.start(.main)
        servers.start(.backup)
        servers.run(.seconds(1))
        let epoch = servers.main.record!.epoch
        #expect(servers.main.phase == .idle)
        servers.cutFromWitnesses = [.main, .backup]
        servers.handle(.candidates([]), at: .main)
        servers.run(.seconds(2))
        #expect(servers.main.isActive && servers.main.phase == .idle)
        #expect(servers.main.record!.epoch > epoch)
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

    @Test("The Backup alone saw Main's process go: the witnesses hear Main, and nothing happens")
    func falseRefusal() {
        var servers = TwoServers.paired(witnesses: 3)
        servers.mute = [.main]
        servers.handle(.linkClosed, at: .backup)
        servers.handle(.linkRefused, at: .backup)
        servers.run(.seconds(1))
        #expect(!servers.backup.isActive && servers.main.isActive)
    }

    @Test("The link between the servers cut: Main goes on alone by its witnesses' votes, and nobody moves")
    func serverLinkCut() {
        var servers = TwoServers.paired(witnesses: 3)
        servers.mute = [.main, .backup]
        for _ in 0..<500 {
            servers.run(.milliseconds(2))
            #expect(servers.main.isActive && !servers.backup.isActive)
        }
        #expect(servers.main.record?.mode == .alone)
        #expect(servers.backup.phase == .isolated)
        servers.mute = []
        servers.run(.seconds(2))
        #expect(servers.main.isActive && servers.main.phase == .idle && servers.backup.phase == .idle)
    }

    @Test("Main cut off from everybody stands down before the Backup acts")
    func mainCutOff() {
        var servers = TwoServers.paired(witnesses: 3)
        servers.mute = [.main, .backup]
        servers.cutFromWitnesses = [.main]
        var mainStoodDown = false
        for _ in 0..<500 {
            servers.run(.milliseconds(1))
            mainStoodDown = mainStoodDown || !servers.main.isActive(at: servers.now)
            #expect(!servers.backup.isActive || mainStoodDown, "I2")
        }
        #expect(servers.backup.isActive)
        #expect(servers.main.phase == .isolated)
    }

    @Test("Without any witness the Backup waits a second (rule 7)")
    func noWitness() {
        var servers = TwoServers.paired(witnesses: 0)
        servers.kill(.main)
        servers.run(.milliseconds(900))
        #expect(!servers.backup.isActive)
        servers.run(.milliseconds(150))
        #expect(servers.backup.isActive)
    }

    @Test("A holder that hung, and has no witness to ask, listens before it goes on alone (rule 7)")
    func hungHolderWithoutWitness() {
        var servers = TwoServers.paired(witnesses: 0)
        servers.hung = [.main]
        servers.run(.milliseconds(1100))
        #expect(servers.backup.isActive)
        let epoch = servers.backup.record?.epoch
        servers.mute = [.backup]
        servers.hung = []
        servers.run(.milliseconds(50))
        #expect(!servers.main.isActive)
        servers.mute = []
        servers.run(.milliseconds(100))
        #expect(servers.backup.isActive && servers.main.record?.epoch == epoch)
    }

    @Test("A will alone, or of an older run, is no evidence; with the closed session it is")
    func will() {
        var servers = TwoServers.paired()
        servers.mute = [.main, .backup]
        servers.handle(.will(session: servers.main.identity.session), at: .backup)
        #expect(servers.backup.claim == nil)
        servers.handle(.linkClosed, at: .backup)
        #expect(servers.backup.claim?.purpose == .takeOver)
        servers = .paired()
        servers.handle(.will(session: "older"), at: .backup)
        servers.handle(.linkClosed, at: .backup)
        #expect(servers.backup.claim == nil)
    }

    @Test("No evidence, no takeover")
    func noEvidence() {
        var servers = TwoServers.paired()
        let epoch = servers.main.record!.epoch
        servers.run(.seconds(60))
        #expect(servers.main.isActive && !servers.backup.isActive)
        #expect(servers.main.record?.epoch == epoch)
    }

    @Test("A vote counts once, from a witness of this epoch, for the claim that stands")
    func countsVotes() {
        var servers = TwoServers.paired(witnesses: 3)
        servers.cutFromWitnesses = [.backup]
        servers.hung = [.main]
        servers.run(.milliseconds(300))
        let claim = servers.backup.claim!
        let vote = { (index: Int, from: Epoch) in
            Coordinator.Event.vote(
                Vote(
                    witness: servers.witnesses[index].identity, from: from, candidate: TwoServers.Side.backup.name,
                    goneSession: nil))
        }
        let votes = [vote(0, claim.from), vote(0, claim.from), vote(1, Epoch(claim.from.number - 2))]
        for vote in votes { servers.handle(vote, at: .backup) }
        let stranger = Vote(
            witness: WitnessIdentity(name: servers.witnesses[1].identity.name, ballotBox: "another"), from: claim.from,
            candidate: TwoServers.Side.backup.name, goneSession: nil)
        servers.handle(.vote(stranger), at: .backup)
        #expect(!servers.backup.isActive)
        let last = vote(1, claim.from)
        servers.handle(last, at: .backup)
        #expect(servers.backup.isActive)
    }

    @Test("A standby that was itself not scheduled counts no silence from that time (rule 12)")
    func lateObserver() {
        var servers = TwoServers.paired()
        servers.mute = [.main]
        servers.hung = [.backup]
        servers.run(.milliseconds(60))
        servers.hung = []
        servers.run(.milliseconds(1))
        #expect(servers.backup.claim == nil)
    }

    // MARK: Losing the Backup (rule 15)

    @Test("The Backup lost: Main stays active, alone, in a new epoch")
    func backupLost() {
        var servers = TwoServers.paired()
        let first = servers.main.record!
        servers.kill(.backup)
        var wasAlwaysActive = true
        for _ in 0..<100 {
            servers.run(.milliseconds(10))
            wasAlwaysActive = wasAlwaysActive && servers.main.isActive
        }
        #expect(wasAlwaysActive)
        #expect(servers.main.record!.epoch > first.epoch)
        #expect(servers.main.record!.mode == .alone)
        #expect(servers.main.record!.reason == .backupLost)
        #expect(servers.main.phase == .alone)
    }

    // MARK: Return (rule 10)

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

    @Test("A failure soon after a return makes the next return wait longer")
    func growingReturnDelay() {
        var delay = ReturnDelay(timing: Timing())
        #expect(delay.current == .seconds(5))
        delay.returned(at: MonotonicTime(nanoseconds: 0))
        delay.activationEnded(at: MonotonicTime(nanoseconds: 0) + .seconds(59))
        #expect(delay.current == .seconds(10))
        delay.returned(at: MonotonicTime(nanoseconds: 0))
        delay.activationEnded(at: MonotonicTime(nanoseconds: 0) + .seconds(61))
        #expect(delay.current == .seconds(5))
        for _ in 0..<20 {
            delay.returned(at: MonotonicTime(nanoseconds: 0))
            delay.activationEnded(at: MonotonicTime(nanoseconds: 0))
        }
        #expect(delay.current == .seconds(300))
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

    // MARK: A higher record wins

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

    // MARK: Stop

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
