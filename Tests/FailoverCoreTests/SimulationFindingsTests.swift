import Testing

@testable import FailoverCore

/// What the simulation of whole sites found, each as the shortest story that shows it.
@Suite("Found by the simulation")
struct SimulationFindingsTests {
    @Test(
        "A holder that is alone pairs with nobody whose newest echo is nearly a lease old: it would stand down (rule 15)"
    )
    func noPairOnOldEcho() {
        var servers = TwoServers.paired()
        servers.kill(.backup)
        servers.start(.backup)
        servers.run(.milliseconds(400))
        let epoch = servers.main.record!.epoch
        #expect(servers.main.record?.mode == .alone)
        // Until the pause before the next pair is over, 100 ms later, the Backup echoes what it heard last.
        servers.mute = [.main]
        servers.run(.milliseconds(300))
        #expect(servers.main.record?.mode == .alone && servers.main.record?.epoch == epoch)
        servers.mute = []
        servers.run(.seconds(1))
        #expect(servers.main.record?.mode == .paired && servers.main.record?.epoch == epoch)
    }

    @Test("A removal that was refused, and granted unheard, does not take effect at the next start (rule 13)")
    func refusedRemovalAndRestart() {
        var servers = TwoServers.paired()
        servers.mute = [.backup]
        servers.deafToVotes = [.main]
        servers.handle(.ordered(.removeBackup, by: TwoServers.user), at: .main)
        servers.run(.seconds(6))
        let granted = servers.backup.record!
        #expect(granted.mode == .single && servers.main.record?.mode == .paired)
        servers.crash(.main)
        servers.start(.main)
        // Clients have heard of it from the Backup's hub.
        servers.handle(.followed(granted.epoch), at: .main)
        servers.run(.seconds(4))
        servers.mute = []
        servers.run(.milliseconds(100))
        servers.deafToVotes = []
        servers.run(.seconds(5))
        #expect(servers.main.isActive && servers.main.phase == .idle)
    }

    @Test("Main comes back without its store while the Backup asks to take over: the site finds back")
    func lostStoreWhileAsked() {
        var servers = TwoServers.paired(witnesses: 0)
        servers.run(.seconds(120))
        servers.kill(.main)
        #expect(servers.backup.claim?.purpose == .takeOver)
        servers.loseStore(.main)
        servers.start(.main)
        servers.run(.seconds(1))
        #expect(servers.backup.isActive != servers.main.isActive)
        servers.run(.seconds(10))
        #expect(servers.main.isActive && servers.main.phase == .idle && servers.backup.phase == .idle)
    }

    @Test("A Backup that lost its store, heard an older record and was restarted takes no epoch that it has used (I1)")
    func lostStoreAndRestart() {
        var servers = TwoServers.paired()
        servers.run(.seconds(120))
        servers.kill(.main)
        servers.crash(.backup)
        servers.start(.backup)
        servers.handle(.linkRefused, at: .backup)
        #expect(servers.backup.isActive)
        let used = servers.backup.record!.epoch
        servers.crash(.backup)
        servers.loseStore(.backup)
        servers.start(.main)
        servers.mute = [.backup]
        servers.start(.backup)
        servers.run(.milliseconds(50))
        #expect(servers.backup.record?.epoch == servers.main.record?.epoch)
        #expect(
            servers.backup.storedEpoch == nil, "authors must wait: their messages could not be told from earlier ones")
        servers.crash(.backup)
        servers.mute = []
        servers.start(.backup)
        servers.run(.seconds(10))
        #expect(servers.main.isActive && servers.main.phase == .idle)
        #expect(servers.main.record!.epoch > used)
        #expect(servers.backup.storedEpoch == servers.backup.record?.epoch)
    }

    @Test("The witness voted for a Backup that then lost its store, while Main asked for longer than its patience")
    func lostStoreAfterVote() {
        var servers = TwoServers.paired()
        servers.run(.seconds(120))
        servers.slowDisk = [.backup]
        servers.kill(.main)
        #expect(servers.backup.writing != nil)
        servers.crash(.backup)
        servers.loseStore(.backup)
        servers.slowDisk = []
        servers.start(.main)
        servers.run(.seconds(4))
        #expect(servers.main.claim?.purpose == .goOnAlone && !servers.main.isActive)
        servers.start(.backup)
        servers.run(.seconds(15))
        #expect(servers.main.isActive && servers.main.phase == .idle && servers.backup.phase == .idle)
    }

    @Test(
        "A holder whose lease ended without a witness, and a Backup back without its store, to which the witness then voted"
    )
    func lostStoreMeetsHolderThatStoodDown() {
        var servers = TwoServers.paired()
        servers.run(.seconds(120))
        servers.cutFromWitnesses = [.main, .backup]
        servers.kill(.backup)
        servers.run(.milliseconds(200))
        #expect(servers.main.claim?.purpose == .goOnAlone && !servers.main.isActive)
        servers.loseStore(.backup)
        servers.cutFromWitnesses = [.main]
        servers.start(.backup)
        servers.run(.seconds(1))
        servers.cutFromWitnesses = []
        servers.run(.seconds(15))
        #expect(servers.main.isActive && servers.main.phase == .idle && servers.backup.phase == .idle)
    }

    @Test("An order that is being written down when its server is asked to stop is not refused: it is carried out")
    func stoppedWhileOrdered() {
        var servers = TwoServers.paired()
        servers.kill(.backup)
        servers.run(.seconds(1))
        servers.slowDisk = [.main]
        servers.handle(.ordered(.stopSite, by: MachineName("engineer")!), at: .main)
        servers.handle(.stopRequested, at: .main)
        servers.handle(.stored(servers.main.writing!), at: .main)
        #expect(servers.main.record?.reason == .siteStopped)
        #expect(servers.lastDirectives[.main]?.contains(.answer(.done)) == true)
    }

    @Test("An order over a bad way ends the pause before pairing once, and does not burn epochs (rule 8)")
    func orderedOverABadWay() {
        var servers = TwoServers.paired()
        servers.slowDisk = [.backup]
        for isOrdered in [false, true] {
            // The Backup hears nothing for a moment, and Main goes on alone.
            servers.mute = [.main]
            servers.run(.milliseconds(100))
            #expect(servers.main.isActive && servers.main.record?.mode == .alone)
            let order = Order.switchOver(to: TwoServers.Side.backup.name)
            if !isOrdered { servers.handle(.ordered(order, by: MachineName("engineer")!), at: .main) }
            servers.mute = []
            servers.run(.milliseconds(30))
            servers.handle(.stored(servers.backup.writing!), at: .backup)
            servers.run(.milliseconds(30))
            #expect(servers.main.isFollowingOrder && servers.main.record?.mode == (isOrdered ? .alone : .paired))
        }
    }

    @Test("A site stop that the Backup may have granted is not refused when its server is asked to stop")
    func stoppedWhileGranted() {
        var servers = TwoServers.paired()
        servers.slowDisk = [.backup]
        servers.deafToVotes = [.main]
        servers.handle(.ordered(.stopSite, by: MachineName("engineer")!), at: .main)
        servers.handle(.stopRequested, at: .main)
        servers.slowDisk = []
        servers.handle(.stored(servers.backup.writing!), at: .backup)
        servers.run(.milliseconds(50))
        let answers = servers.lastDirectives[.main, default: []].filter { if case .answer = $0 { true } else { false } }
        #expect(answers == [.answer(.done)])
        for side in TwoServers.Side.allCases {
            #expect(servers.lastDirectives[side, default: []].contains(.readyToStop))
        }
    }
}
