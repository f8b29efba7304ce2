import Foundation
import Testing

@testable import FailoverCore

@Suite("An operator's orders")
struct OrderTests {
    private let user = MachineName("engineer")!
    private let main = TwoServers.Side.main.name
    private let backup = TwoServers.Side.backup.name

    private func answers(_ servers: TwoServers, _ side: TwoServers.Side) -> [Order.Answer] {
        servers.lastDirectives[side, default: []].compactMap {
            if case .answer(let answer) = $0 { answer } else { nil }
        }
    }

    private func isReadyToStop(_ servers: TwoServers, _ side: TwoServers.Side) -> Bool {
        servers.lastDirectives[side, default: []].contains(.readyToStop)
    }

    /// Like `run`, with both servers asked at every step that at most one of them acts.
    private func runOneAtATime(_ servers: inout TwoServers, _ span: Duration) {
        for _ in 0..<Int(span / .milliseconds(1)) {
            servers.run(.milliseconds(1))
            #expect(!(servers.main.isActive && servers.backup.isActive))
        }
    }

    // MARK: - Switchover

    @Test("Rule 6: a switchover hands over within a moment, is answered when the other acts, and pairs again")
    func switchOver() {
        var servers = TwoServers.paired()
        servers.handle(.ordered(.switchOver(to: backup), by: user), at: .main)
        runOneAtATime(&servers, .milliseconds(50))
        #expect(servers.backup.isActive)
        #expect(servers.backup.record?.reason == .planned)
        #expect(answers(servers, .main) == [.done])
        servers.run(.seconds(1))
        #expect(servers.main.phase == .active && servers.backup.record?.mode == .paired)
    }

    @Test("Rule 10: after a switchover Main stays away, also over other witnesses, until it was lost and back")
    func staysAway() {
        var servers = TwoServers.paired()
        servers.handle(.ordered(.switchOver(to: backup), by: user), at: .main)
        servers.run(.seconds(20))
        #expect(servers.backup.isActive)
        servers.handle(.candidates([.init(name: MachineName("other")!, ballotBox: "box")]), at: .backup)
        servers.run(.seconds(20))
        #expect(servers.backup.record?.reason == .witnessesChanged)
        #expect(servers.backup.isActive)
        servers.kill(.main)
        servers.run(.seconds(1))
        servers.start(.main)
        servers.run(.seconds(20))
        #expect(servers.main.isActive)
        #expect(servers.main.record?.reason == .mainReturned)
    }

    @Test("A switchover back is the operator's too, and nothing keeps Main away any more")
    func switchBack() {
        var servers = TwoServers.paired()
        servers.handle(.ordered(.switchOver(to: backup), by: user), at: .main)
        servers.run(.seconds(1))
        servers.handle(.ordered(.switchOver(to: main), by: user), at: .backup)
        servers.run(.seconds(1))
        #expect(servers.main.isActive && servers.main.record?.staysAway == false)
        #expect(answers(servers, .backup) == [.done])
    }

    @Test("A switchover during the pause before pairing does not wait for its end")
    func switchOverWhileUnpaired() {
        var timing = Timing()
        timing.pairingDelay = .seconds(60)
        timing.longestPairingDelay = .seconds(60)
        var servers = TwoServers.paired(timing: timing)
        servers.kill(.backup)
        servers.run(.milliseconds(200))
        servers.start(.backup)
        servers.run(.milliseconds(200))
        #expect(servers.main.record?.mode == .alone)
        servers.handle(.ordered(.switchOver(to: backup), by: user), at: .main)
        servers.run(.milliseconds(500))
        #expect(servers.backup.isActive && answers(servers, .main) == [.done])
    }

    @Test("What cannot be done is refused at once, with the reason, and changes nothing")
    func refusals() {
        var servers = TwoServers.paired()
        let before = servers.main.record
        servers.handle(.ordered(.switchOver(to: backup), by: user), at: .backup)
        servers.handle(.ordered(.switchOver(to: MachineName("nobody")!), by: user), at: .main)
        #expect(answers(servers, .backup) == [.refused(.notActive(active: main))])
        #expect(answers(servers, .main) == [.refused(.unknownMachine(MachineName("nobody")!))])
        servers.run(.milliseconds(100))
        #expect(servers.main.record == before)
        servers.kill(.backup)
        servers.run(.seconds(1))
        servers.handle(.ordered(.switchOver(to: backup), by: user), at: .main)
        #expect(answers(servers, .main).last == .refused(.unreachable(backup)))
        #expect(servers.main.isActive)
    }

    @Test("A switchover to the active server is done already")
    func alreadyThere() {
        var servers = TwoServers.paired()
        servers.handle(.ordered(.switchOver(to: main), by: user), at: .main)
        #expect(answers(servers, .main) == [.done])
    }

    @Test("A standby that hears the holder and does not take over is not waited for without end")
    func notInSync() {
        var servers = TwoServers.paired()
        servers.slowDisk = [.backup]
        servers.handle(.ordered(.switchOver(to: backup), by: user), at: .main)
        servers.run(.seconds(10))
        #expect(answers(servers, .main).count == 1)
        #expect(answers(servers, .main) != [.done])
    }

    @Test("A stall of Main's of a moment does not bring it back to work after a switchover")
    func staysAwayOverAStall() {
        var servers = TwoServers.paired()
        servers.handle(.ordered(.switchOver(to: backup), by: user), at: .main)
        servers.run(.seconds(2))
        servers.hung = [.main]
        servers.run(.milliseconds(200))
        servers.hung = []
        servers.run(.seconds(30))
        #expect(servers.backup.isActive && servers.backup.record?.mode == .paired)
        #expect(servers.backup.record?.staysAway == true)
        servers.mute = [.main, .backup]
        servers.run(.seconds(5))
        servers.mute = []
        servers.run(.seconds(30))
        #expect(servers.main.isActive, "lost for seconds, and back")
    }

    @Test("An order that is refused does not end the pause before pairing")
    func refusedOrderDoesNotPair() {
        var timing = Timing()
        timing.pairingDelay = .seconds(60)
        timing.longestPairingDelay = .seconds(60)
        var servers = TwoServers.paired(timing: timing)
        servers.kill(.backup)
        servers.run(.milliseconds(200))
        servers.start(.backup)
        servers.run(.milliseconds(200))
        for target in ["nobody", "main-1"] {
            servers.handle(.ordered(.switchOver(to: MachineName(target)!), by: user), at: .main)
            servers.run(.milliseconds(100))
            #expect(servers.main.record?.mode == .alone)
        }
    }

    @Test("A server whose disk takes nothing is not handed over to")
    func brokenDisk() {
        var servers = TwoServers.paired()
        servers.slowDisk = [.backup]
        servers.handle(.ordered(.switchOver(to: backup), by: user), at: .main)
        servers.run(.seconds(10))
        #expect(servers.main.isActive && servers.main.record?.holder == main)
        #expect(answers(servers, .main) == [.refused(.notInSync(backup))])
    }

    @Test("Nobody is named as active who does not act")
    func nobodyActs() {
        var servers = TwoServers.paired()
        servers.crash(.main)
        servers.crash(.backup)
        servers.start(.backup)
        servers.handle(.ordered(.switchOver(to: backup), by: user), at: .backup)
        #expect(answers(servers, .backup) == [.refused(.starting)])
        servers.cutFromWitnesses = [.backup]
        servers.run(.seconds(5))
        servers.handle(.ordered(.switchOver(to: backup), by: user), at: .backup)
        #expect(answers(servers, .backup).last == .refused(.notSafe))
    }

    // MARK: - Force

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
        servers.handle(.ordered(.switchOver(to: backup), by: user), at: .backup)
        #expect(answers(servers, .backup) == [.refused(.notSafe)])
        servers.handle(.ordered(.force, by: user), at: .backup)
        #expect(servers.backup.isActive && servers.backup.record?.reason == .forced)
        #expect(answers(servers, .backup).last == .done)
        // Main comes back, obeys the higher epoch, and goes home by itself: it was lost.
        servers.start(.main)
        runOneAtATime(&servers, .seconds(12))
        #expect(servers.main.isActive && servers.main.phase == .idle)
    }

    @Test("Rule 14: a Main without a record that was told of a Backup waits, until an operator forces it")
    func forceFirstStart() {
        var servers = TwoServers()
        servers.start(.main)
        servers.run(.seconds(10))
        #expect(!servers.main.isActive)
        servers.handle(.ordered(.force, by: user), at: .main)
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
        servers.handle(.ordered(.force, by: user), at: .backup)
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
        servers.handle(.ordered(.force, by: user), at: .main)
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
        servers.handle(.ordered(.stopSite, by: user), at: .main)
        servers.run(.milliseconds(300))
        let record = try #require(servers.disks[.main])
        #expect(record.reason == .siteStopped)
        #expect(try JSONDecoder().decode(Record.self, from: JSONEncoder().encode(record)) == record)
    }

    @Test("Force asks a holder that can be asked, so that nothing is lost")
    func forceIsOrderlyWhereItCan() {
        var servers = TwoServers.paired()
        servers.handle(.ordered(.force, by: user), at: .backup)
        runOneAtATime(&servers, .milliseconds(500))
        #expect(servers.backup.isActive && servers.backup.record?.reason == .planned)
        #expect(answers(servers, .backup) == [.done])
    }

    @Test("A forced server whose partner acted unseen: the forced one's word counts when they meet")
    func forcedWhileTheOtherActs() {
        var servers = TwoServers.paired()
        servers.mute = [.main, .backup]
        servers.cutFromWitnesses = [.backup]
        servers.run(.seconds(2))
        #expect(servers.main.isActive && !servers.backup.isActive)
        servers.handle(.ordered(.force, by: user), at: .backup)
        #expect(servers.backup.isActive)
        servers.mute = []
        servers.run(.milliseconds(100))
        #expect(!(servers.main.isActive && servers.backup.isActive))
    }

    // MARK: - The site's stop

    @Test("Rule 11: the site's stop leaves Main ALONE on both disks, and both servers stop", arguments: [true, false])
    func siteStops(backupWasActive: Bool) {
        var servers = TwoServers.paired()
        let asked: TwoServers.Side = backupWasActive ? .backup : .main
        if backupWasActive {
            servers.handle(.ordered(.switchOver(to: backup), by: user), at: .main)
            servers.run(.seconds(1))
            servers.lastDirectives = [:]
        }
        servers.handle(.ordered(.stopSite, by: user), at: asked)
        runOneAtATime(&servers, .milliseconds(300))
        #expect(answers(servers, asked) == [.done])
        for side in TwoServers.Side.allCases {
            #expect(isReadyToStop(servers, side))
            #expect(servers.disks[side]?.holder == main && servers.disks[side]?.mode == .alone)
        }
    }

    @Test("Rule 11: after the site's stop either server may be switched on first, and nothing stops again")
    func morning() {
        for first in TwoServers.Side.allCases {
            var servers = TwoServers.paired()
            servers.handle(.ordered(.stopSite, by: user), at: .main)
            servers.run(.milliseconds(300))
            for side in TwoServers.Side.allCases { servers.crash(side) }
            servers.lastDirectives = [:]
            servers.run(.seconds(3600))
            servers.start(first)
            servers.run(.seconds(10))
            #expect(first == .backup || servers.main.isActive)
            servers.start(first.other)
            servers.run(.seconds(10))
            #expect(servers.main.isActive && servers.main.phase == .idle && servers.backup.phase == .idle)
            #expect(!isReadyToStop(servers, .main) && !isReadyToStop(servers, .backup))
        }
    }

    @Test("The site's stop with the Backup gone stops Main; with Main gone it is refused on the Backup")
    func siteStopsHalf() {
        var servers = TwoServers.paired()
        servers.kill(.backup)
        servers.run(.seconds(1))
        servers.handle(.ordered(.stopSite, by: user), at: .main)
        servers.run(.milliseconds(200))
        #expect(answers(servers, .main) == [.done] && isReadyToStop(servers, .main))

        servers = TwoServers.paired()
        servers.kill(.main)
        servers.run(.seconds(1))
        servers.handle(.ordered(.stopSite, by: user), at: .backup)
        servers.run(.seconds(1))
        #expect(answers(servers, .backup) == [.refused(.unreachable(main))])
        #expect(servers.backup.isActive && !isReadyToStop(servers, .backup))
    }

    @Test("A refused stop of the site is not carried out later")
    func refusedStopStaysRefused() {
        var servers = TwoServers.paired()
        servers.mute = [.main, .backup]
        servers.cutFromWitnesses = [.main]
        servers.handle(.ordered(.stopSite, by: user), at: .main)
        servers.run(.seconds(6))
        #expect(answers(servers, .main).count == 1 && answers(servers, .main) != [.done])
        servers.mute = []
        servers.cutFromWitnesses = []
        servers.run(.seconds(30))
        #expect(!isReadyToStop(servers, .main) && !isReadyToStop(servers, .backup))
        #expect(servers.main.isActive)
    }

    @Test("A stop or a removal that the Backup granted unheard, and that was refused then, is not carried out later")
    func grantedTooLate() {
        for order in [Order.stopSite, .removeBackup] {
            var servers = TwoServers.paired()
            // Main speaks, and hears nothing: neither the Backup nor the votes.
            servers.mute = [.backup]
            servers.deafToVotes = [.main]
            servers.handle(.ordered(order, by: user), at: .main)
            servers.run(.seconds(6))
            #expect(answers(servers, .main) == [.refused(.unreachable(backup))])
            let reason = servers.backup.record?.reason
            #expect(reason == .siteStopped || reason == .backupRemoved)
            servers.mute = []
            servers.run(.seconds(1))
            servers.deafToVotes = []
            servers.run(.seconds(60))
            #expect(!isReadyToStop(servers, .main) && !isReadyToStop(servers, .backup))
            #expect(servers.main.isActive && servers.main.phase == .idle)
        }
    }

    @Test("What the record of a day before says stops nobody in the morning")
    func yesterdaysStop() {
        var servers = TwoServers.paired()
        servers.handle(.ordered(.stopSite, by: user), at: .main)
        servers.run(.milliseconds(300))
        for side in TwoServers.Side.allCases { servers.crash(side) }
        servers.lastDirectives = [:]
        servers.start(.backup)
        servers.run(.seconds(5))
        // Before Main has heard of the Backup, and gone on.
        servers.mute = [.backup]
        servers.start(.main)
        servers.handle(.stopRequested, at: .main)
        servers.run(.seconds(2))
        #expect(isReadyToStop(servers, .main) && !isReadyToStop(servers, .backup))
        #expect(servers.backup.record?.reason == .siteStopped)
    }

    // MARK: - The Backup's removal

    @Test("Rule 13: removal is agreed with the Backup, which never takes over again")
    func removal() {
        var servers = TwoServers.paired()
        servers.handle(.ordered(.removeBackup, by: user), at: .main)
        runOneAtATime(&servers, .milliseconds(200))
        #expect(answers(servers, .main) == [.done])
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
        servers.handle(.ordered(.removeBackup, by: user), at: .main)
        servers.run(.seconds(2))
        #expect(answers(servers, .main) == [.done])
        servers.cutFromWitnesses = [.main]
        runOneAtATime(&servers, .seconds(10))
        #expect(servers.main.isActive && !servers.backup.isActive)
    }

    @Test("Rule 13: removal while the Backup acts is the switchover back, and the pair remains")
    func removalWhileActive() {
        var servers = TwoServers.paired()
        servers.handle(.ordered(.switchOver(to: backup), by: user), at: .main)
        servers.run(.seconds(1))
        servers.handle(.ordered(.removeBackup, by: user), at: .backup)
        servers.run(.seconds(2))
        #expect(answers(servers, .backup) == [.done])
        #expect(servers.main.isActive && servers.main.phase == .idle)
    }

    // MARK: - Growing pauses

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
