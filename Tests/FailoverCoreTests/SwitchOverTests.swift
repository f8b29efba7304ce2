import Testing

@testable import FailoverCore

@Suite("An operator orders a switchover (rules 6 and 10)")
struct SwitchOverTests {
    private let main = TwoServers.Side.main.name
    private let backup = TwoServers.Side.backup.name

    @Test("Rule 6: a switchover hands over within a moment, is answered when the other acts, and pairs again")
    func switchOver() {
        var servers = TwoServers.paired()
        servers.handle(.ordered(.switchOver(to: backup), by: TwoServers.user), at: .main)
        servers.runOneAtATime(.milliseconds(50))
        #expect(servers.backup.isActive)
        #expect(servers.backup.record?.reason == .planned)
        #expect(servers.answers(of: .main) == [.done])
        servers.run(.seconds(1))
        #expect(servers.main.phase == .active && servers.backup.record?.mode == .paired)
    }

    @Test("Rule 10: after a switchover Main stays away, also over other witnesses, until it was lost and back")
    func staysAway() {
        var servers = TwoServers.paired()
        servers.handle(.ordered(.switchOver(to: backup), by: TwoServers.user), at: .main)
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
        servers.handle(.ordered(.switchOver(to: backup), by: TwoServers.user), at: .main)
        servers.run(.seconds(1))
        servers.handle(.ordered(.switchOver(to: main), by: TwoServers.user), at: .backup)
        servers.run(.seconds(1))
        #expect(servers.main.isActive && servers.main.record?.staysAway == false)
        #expect(servers.answers(of: .backup) == [.done])
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
        servers.handle(.ordered(.switchOver(to: backup), by: TwoServers.user), at: .main)
        servers.run(.milliseconds(500))
        #expect(servers.backup.isActive && servers.answers(of: .main) == [.done])
    }

    @Test("What cannot be done is refused at once, with the reason, and changes nothing")
    func refusals() {
        var servers = TwoServers.paired()
        let before = servers.main.record
        servers.handle(.ordered(.switchOver(to: backup), by: TwoServers.user), at: .backup)
        servers.handle(.ordered(.switchOver(to: MachineName("nobody")!), by: TwoServers.user), at: .main)
        #expect(servers.answers(of: .backup) == [.refused(.notActive(active: main))])
        #expect(servers.answers(of: .main) == [.refused(.unknownMachine(MachineName("nobody")!))])
        servers.run(.milliseconds(100))
        #expect(servers.main.record == before)
        servers.kill(.backup)
        servers.run(.seconds(1))
        servers.handle(.ordered(.switchOver(to: backup), by: TwoServers.user), at: .main)
        #expect(servers.answers(of: .main).last == .refused(.unreachable(backup)))
        #expect(servers.main.isActive)
    }

    @Test("A switchover to the active server is done already")
    func alreadyThere() {
        var servers = TwoServers.paired()
        servers.handle(.ordered(.switchOver(to: main), by: TwoServers.user), at: .main)
        #expect(servers.answers(of: .main) == [.done])
    }

    @Test("A standby that hears the holder and does not take over is not waited for without end")
    func notInSync() {
        var servers = TwoServers.paired()
        servers.slowDisk = [.backup]
        servers.handle(.ordered(.switchOver(to: backup), by: TwoServers.user), at: .main)
        servers.run(.seconds(10))
        #expect(servers.answers(of: .main).count == 1)
        #expect(servers.answers(of: .main) != [.done])
    }

    @Test("A stall of Main's of a moment does not bring it back to work after a switchover")
    func staysAwayOverAStall() {
        var servers = TwoServers.paired()
        servers.handle(.ordered(.switchOver(to: backup), by: TwoServers.user), at: .main)
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
            servers.handle(.ordered(.switchOver(to: MachineName(target)!), by: TwoServers.user), at: .main)
            servers.run(.milliseconds(100))
            #expect(servers.main.record?.mode == .alone)
        }
    }

    @Test("A server whose disk takes nothing is not handed over to")
    func brokenDisk() {
        var servers = TwoServers.paired()
        servers.slowDisk = [.backup]
        servers.handle(.ordered(.switchOver(to: backup), by: TwoServers.user), at: .main)
        servers.run(.seconds(10))
        #expect(servers.main.isActive && servers.main.record?.holder == main)
        #expect(servers.answers(of: .main) == [.refused(.notInSync(backup))])
    }

    @Test("Nobody is named as active who does not act")
    func nobodyActs() {
        var servers = TwoServers.paired()
        servers.crash(.main)
        servers.crash(.backup)
        servers.start(.backup)
        servers.handle(.ordered(.switchOver(to: backup), by: TwoServers.user), at: .backup)
        #expect(servers.answers(of: .backup) == [.refused(.starting)])
        servers.cutFromWitnesses = [.backup]
        servers.run(.seconds(5))
        servers.handle(.ordered(.switchOver(to: backup), by: TwoServers.user), at: .backup)
        #expect(servers.answers(of: .backup).last == .refused(.notSafe))
    }
}
