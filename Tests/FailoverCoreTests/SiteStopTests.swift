import Testing

@testable import FailoverCore

@Suite("An operator stops the site (rule 11)")
struct SiteStopTests {
    private let main = TwoServers.Side.main.name
    private let backup = TwoServers.Side.backup.name

    @Test("Rule 11: the site's stop leaves Main ALONE on both disks, and both servers stop", arguments: [true, false])
    func siteStops(backupWasActive: Bool) {
        var servers = TwoServers.paired()
        let asked: TwoServers.Side = backupWasActive ? .backup : .main
        if backupWasActive {
            servers.handle(.ordered(.switchOver(to: backup), by: TwoServers.user), at: .main)
            servers.run(.seconds(1))
            servers.lastDirectives = [:]
        }
        servers.handle(.ordered(.stopSite, by: TwoServers.user), at: asked)
        servers.runOneAtATime(.milliseconds(300))
        #expect(servers.answers(of: asked) == [.done])
        for side in TwoServers.Side.allCases {
            #expect(servers.isReadyToStop(side))
            #expect(servers.disks[side]?.holder == main && servers.disks[side]?.mode == .alone)
        }
    }

    @Test("Rule 11: after the site's stop either server may be switched on first, and nothing stops again")
    func morning() {
        for first in TwoServers.Side.allCases {
            var servers = TwoServers.paired()
            servers.handle(.ordered(.stopSite, by: TwoServers.user), at: .main)
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
            #expect(!servers.isReadyToStop(.main) && !servers.isReadyToStop(.backup))
        }
    }

    @Test("The site's stop with the Backup gone stops Main; with Main gone it is refused on the Backup")
    func siteStopsHalf() {
        var servers = TwoServers.paired()
        servers.kill(.backup)
        servers.run(.seconds(1))
        servers.handle(.ordered(.stopSite, by: TwoServers.user), at: .main)
        servers.run(.milliseconds(200))
        #expect(servers.answers(of: .main) == [.done] && servers.isReadyToStop(.main))

        servers = TwoServers.paired()
        servers.kill(.main)
        servers.run(.seconds(1))
        servers.handle(.ordered(.stopSite, by: TwoServers.user), at: .backup)
        servers.run(.seconds(1))
        #expect(servers.answers(of: .backup) == [.refused(.unreachable(main))])
        #expect(servers.backup.isActive && !servers.isReadyToStop(.backup))
    }

    @Test("A refused stop of the site is not carried out later")
    func refusedStopStaysRefused() {
        var servers = TwoServers.paired()
        servers.mute = [.main, .backup]
        servers.cutFromWitnesses = [.main]
        servers.handle(.ordered(.stopSite, by: TwoServers.user), at: .main)
        servers.run(.seconds(6))
        #expect(servers.answers(of: .main).count == 1 && servers.answers(of: .main) != [.done])
        servers.mute = []
        servers.cutFromWitnesses = []
        servers.run(.seconds(30))
        #expect(!servers.isReadyToStop(.main) && !servers.isReadyToStop(.backup))
        #expect(servers.main.isActive)
    }

    @Test("A stop or a removal that the Backup granted unheard, and that was refused then, is not carried out later")
    func grantedTooLate() {
        for order in [Order.stopSite, .removeBackup] {
            var servers = TwoServers.paired()
            // Main speaks, and hears nothing: neither the Backup nor the votes.
            servers.mute = [.backup]
            servers.deafToVotes = [.main]
            servers.handle(.ordered(order, by: TwoServers.user), at: .main)
            servers.run(.seconds(6))
            #expect(servers.answers(of: .main) == [.refused(.unreachable(backup))])
            let reason = servers.backup.record?.reason
            #expect(reason == .siteStopped || reason == .backupRemoved)
            servers.mute = []
            servers.run(.seconds(1))
            servers.deafToVotes = []
            servers.run(.seconds(60))
            #expect(!servers.isReadyToStop(.main) && !servers.isReadyToStop(.backup))
            #expect(servers.main.isActive && servers.main.phase == .idle)
        }
    }

    @Test(
        "A Backup that asked Main to stop the site and was lost then may have refused it: Main acts, and nobody stops")
    func askedByAServerThatWasLost() {
        var servers = TwoServers.paired()
        servers.handle(.ordered(.switchOver(to: backup), by: TwoServers.user), at: .main)
        servers.run(.seconds(1))
        servers.slowDisk = [.main]
        servers.handle(.ordered(.stopSite, by: TwoServers.user), at: .backup)
        servers.mute = [.main, .backup]
        servers.cutFromWitnesses = [.backup]
        servers.slowDisk = []
        servers.handle(.stored(servers.main.writing!), at: .main)
        servers.run(servers.backup.timing.orderPatience + .seconds(2))
        #expect(servers.answers(of: .backup) == [.refused(.unreachable(main))])
        #expect(servers.main.isActive && servers.main.record?.reason == .backupLost)
        #expect(!isReadyToStopAnybody(servers))
    }

    private func isReadyToStopAnybody(_ servers: TwoServers) -> Bool {
        TwoServers.Side.allCases.contains { servers.isReadyToStop($0) }
    }

    @Test("What the record of a day before says stops nobody in the morning")
    func yesterdaysStop() {
        var servers = TwoServers.paired()
        servers.handle(.ordered(.stopSite, by: TwoServers.user), at: .main)
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
        #expect(servers.isReadyToStop(.main) && !servers.isReadyToStop(.backup))
        #expect(servers.backup.record?.reason == .siteStopped)
    }
}
