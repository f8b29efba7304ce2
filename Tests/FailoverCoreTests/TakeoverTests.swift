import Testing

@testable import FailoverCore

@Suite("Takeover (rules 3, 4, 5, 7 and 12)")
struct TakeoverTests {
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

    @Test("The Backup alone saw Main's process go: the witnesses hear Main, and nothing happens")
    func falseRefusal() {
        var servers = TwoServers.paired(witnesses: 3)
        servers.mute = [.main]
        servers.handle(.linkClosed, at: .backup)
        servers.handle(.linkRefused, at: .backup)
        servers.run(.seconds(1))
        #expect(!servers.backup.isActive && servers.main.isActive)
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
        servers.cutFromWitnesses = [.main]
        servers.hung = [.backup]
        servers.run(.milliseconds(100))
        servers.hung = []
        servers.handle(.timePassed, at: .backup)
        #expect(servers.backup.claim == nil)
    }
}
