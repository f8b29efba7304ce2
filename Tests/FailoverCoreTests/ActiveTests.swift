import Testing

@testable import FailoverCore

@Suite("Who acts (rules 1 and 2)")
struct ActiveTests {
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
}
