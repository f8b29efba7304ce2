import Testing

@testable import FailoverCore

@Suite("Going on alone (rules 4, 9 and 15)")
struct GoOnAloneTests {
    @Test("Losing the Backup is not felt while the record is written either (rule 15)")
    func backupLostWithSlowDisk() {
        var servers = TwoServers.paired()
        servers.slowDisk = [.main]
        servers.kill(.backup)
        #expect(servers.main.writing != nil)
        #expect(servers.main.isActive && servers.main.phase == .idle)
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

    @Test("Other witnesses vote only in a new epoch, which the old ones or the standby granted (rule 9)")
    func otherWitnesses() {
        var servers = TwoServers.paired()
        let before = servers.main.record!
        let other = WitnessIdentity(name: MachineName("cam-9")!, ballotBox: "box-9")
        servers.handle(.candidates([other]), at: .main)
        var seen: Set<[WitnessIdentity]> = []
        for _ in 0..<2000 {
            servers.run(.milliseconds(1))
            for side in TwoServers.Side.allCases where servers.disks[side]?.epoch == before.epoch {
                seen.insert(servers.disks[side]!.witnesses)
            }
        }
        #expect(seen == [before.witnesses])
        #expect(servers.main.record?.witnesses == [other] && servers.main.phase == .idle)
    }

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
}
