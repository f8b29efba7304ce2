import Testing

@testable import FailoverCore

@Suite("Coordinator")
struct CoordinatorTests {
    // MARK: Start (rule 11)

    @Test("Main without a Backup starts at once when nobody listens there")
    func mainStartsAlone() {
        var servers = TwoServers()
        servers.start(.main)
        servers.handle(.linkRefused, at: .main)
        #expect(servers.main.isActive)
        #expect(servers.main.phase == .alone)
        #expect(servers.main.record?.reason == .started)
    }

    @Test("Main without an answer starts when its patience is over, not before")
    func mainWaitsForAnswer() {
        var servers = TwoServers()
        servers.start(.main)
        servers.run(.milliseconds(2900))
        #expect(!servers.main.isActive)
        servers.run(.milliseconds(200))
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

    @Test("A holder that was paired asks the other server first, and obeys its higher record")
    func pairedHolderAsksFirst() {
        var servers = TwoServers.paired()
        servers.crash(.main)
        servers.handle(.linkRefused, at: .backup)
        #expect(servers.backup.isActive)
        let epoch = servers.backup.record!.epoch
        servers.start(.main)
        servers.handle(.linkRefused, at: .main)
        #expect(!servers.main.isActive, "a refused connection is no answer for a server that was paired")
        servers.run(.milliseconds(100))
        #expect(!servers.main.isActive)
        #expect(servers.main.record?.epoch == epoch)
        #expect(servers.backup.isActive)
    }

    @Test("A holder that was alone resumes at once, in a new epoch")
    func aloneHolderResumes() {
        var servers = TwoServers()
        servers.start(.main)
        servers.handle(.linkRefused, at: .main)
        let first = servers.main.record!
        servers.crash(.main)
        servers.start(.main)
        #expect(!servers.main.isActive)
        servers.handle(.linkRefused, at: .main)
        #expect(servers.main.isActive)
        #expect(servers.main.record!.epoch > first.epoch)
        #expect(servers.main.record!.reason == .resumed)
    }

    @Test("After both went down, the Backup alone takes over from the pair it was in, when Main stays away")
    func backupAloneAfterBothDown() {
        var servers = TwoServers.paired()
        servers.crash(.main)
        servers.crash(.backup)
        servers.start(.backup)
        servers.run(.milliseconds(2900))
        #expect(!servers.backup.isActive)
        servers.run(.milliseconds(200))
        #expect(servers.backup.isActive)
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
        servers.start(.main)
        servers.handle(.linkRefused, at: .main)
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

    @Test("A flapping Backup burns few epochs")
    func flapping() {
        var servers = TwoServers.paired()
        let first = servers.main.record!.epoch
        for _ in 0..<30 {
            servers.mute = [.backup]
            servers.run(.milliseconds(500))
            servers.mute = []
            servers.run(.milliseconds(500))
        }
        // 30 s: pauses of 0.5, 1, 2, 4, 8 and 16 s.
        #expect((servers.main.record!.epoch.number - first.number) / 2 <= 6)
        #expect(servers.main.isActive)
    }

    // MARK: Takeover

    @Test("Main silent: the Backup takes over when the silence is long enough, not before")
    func silence() {
        var servers = TwoServers.paired()
        servers.hung = [.main]
        servers.run(.milliseconds(220))
        #expect(!servers.backup.isActive)
        servers.run(.milliseconds(60))
        #expect(servers.backup.isActive)
        #expect(servers.backup.record?.reason == .mainLost)
        #expect(servers.backup.record!.silenceMs >= 250)
        #expect(servers.backup.phase == .active)
    }

    @Test("Main's process gone: a closed session and a refused reconnect are enough at once")
    func refused() {
        var servers = TwoServers.paired()
        servers.crash(.main)
        servers.handle(.linkClosed, at: .backup)
        #expect(!servers.backup.isActive, "a session may close for many reasons")
        servers.handle(.linkRefused, at: .backup)
        #expect(servers.backup.isActive)
    }

    @Test("Main's will and its closed session are enough; its will alone, or an older one, is not")
    func will() {
        var servers = TwoServers.paired()
        let session = servers.main.identity.session
        servers.handle(.will(session: "older"), at: .backup)
        servers.handle(.linkClosed, at: .backup)
        #expect(!servers.backup.isActive)
        servers = .paired()
        servers.handle(.will(session: session), at: .backup)
        #expect(!servers.backup.isActive)
        servers.handle(.linkClosed, at: .backup)
        #expect(servers.backup.isActive)
    }

    @Test("No evidence, no takeover")
    func noEvidence() {
        var servers = TwoServers.paired()
        servers.run(.seconds(60))
        #expect(servers.main.isActive && !servers.backup.isActive)
    }

    @Test("A Backup that restarted while Main died was not the standby, and waits")
    func strangerDoesNotTakeOver() {
        var servers = TwoServers.paired()
        servers.crash(.backup)
        servers.mute = [.main]
        servers.start(.backup)
        servers.run(.milliseconds(300))
        servers.crash(.main)
        servers.handle(.linkRefused, at: .backup)
        #expect(!servers.backup.isActive)
    }

    @Test("A standby that was itself not scheduled counts no silence from that time (rule 12)")
    func lateObserver() {
        var servers = TwoServers.paired()
        servers.mute = [.main]
        servers.hung = [.backup]
        servers.run(.milliseconds(400))
        servers.hung = []
        servers.run(.milliseconds(1))
        #expect(!servers.backup.isActive)
        servers.mute = []
        servers.run(.milliseconds(500))
        #expect(!servers.backup.isActive && servers.main.isActive)
    }

    // MARK: Losing the Backup (rule 15)

    @Test("The Backup lost: Main stays active, alone, in a new epoch")
    func backupLost() {
        var servers = TwoServers.paired()
        let first = servers.main.record!
        servers.crash(.backup)
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
        servers.crash(.main)
        servers.handle(.linkRefused, at: .backup)
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
        servers.crash(.main)
        servers.handle(.linkRefused, at: .backup)
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
        servers.crash(.main)
        servers.handle(.linkRefused, at: .backup)
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
        servers.crash(.main)
        servers.handle(.linkRefused, at: .backup)
        servers.start(.main)
        servers.run(.seconds(2))
        #expect(servers.backup.record?.mode == .paired)
        servers.crash(.backup)
        servers.handle(.linkRefused, at: .main)
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
        servers.start(.main)
        servers.handle(.linkRefused, at: .main)
        servers.handle(.stopRequested, at: .main)
        #expect(servers.lastDirectives[.main]!.contains(.readyToStop))

        servers = .paired()
        servers.handle(.stopRequested, at: .backup)
        #expect(servers.lastDirectives[.backup]!.contains(.readyToStop))
        #expect(servers.main.isActive && servers.main.record?.mode == .alone)
        #expect(servers.main.record?.reason == .backupStopped)
    }
}
