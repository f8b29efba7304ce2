import FailoverCore
import Foundation
import Testing

/// The check that every network test rests on can fail.
@Suite("The timeline of two servers")
struct TimelineTests {
    private let main = MachineName("main-1")!
    private let backup = MachineName("backup-1")!

    private func timeline(main: [String], endedAt: Date? = nil, backup: [String]) -> Timeline {
        Timeline([
            .init(server: self.main, lines: main, endedAt: endedAt), .init(server: self.backup, lines: backup),
        ])
    }

    private let starts = "2026-11-22T10:00:00.000000Z info epoch 2: this hub is active (started: first start)"
    private let standsDown = "2026-11-22T10:00:05.250000Z info epoch 2: this hub stands down"

    @Test("One after the other: no overlap, and moments to the microsecond")
    func oneAfterTheOther() throws {
        let seen = timeline(
            main: ["nonsense", starts, standsDown],
            backup: ["2026-11-22T10:00:05.250001Z info epoch 3: this hub is active (mainLost: silence)"])
        #expect(seen.overlaps.isEmpty)
        let end = try #require(seen[main].first?.end)
        let start = try #require(seen[backup].first?.start)
        #expect(abs(start.timeIntervalSince(end) - 0.000_001) < 0.000_000_5)
        #expect(seen[backup].first?.epoch == Epoch(3) && seen[backup].first?.end == nil)
    }

    @Test("Two servers active at one moment, for a microsecond or for ever")
    func overlap() {
        let early = "2026-11-22T10:00:05.249999Z info epoch 3: this hub is active (mainLost: silence)"
        #expect(timeline(main: [starts, standsDown], backup: [early]).overlaps.count == 1)
        #expect(timeline(main: [starts], backup: [early]).overlaps.count == 1)
    }

    @Test("A server that says late that it stood down was active for as long as its lease")
    func late() {
        let woken = "2026-11-22T10:00:09.000000Z info epoch 2: this hub stands down; its lease ended 3750.5 ms ago"
        let taken = "2026-11-22T10:00:05.250000Z info epoch 3: this hub is active (mainLost: silence)"
        #expect(timeline(main: [starts, woken], backup: [taken]).overlaps.isEmpty)
    }

    @Test("Whether a server was active around a moment")
    func around() throws {
        let seen = timeline(main: [starts, standsDown], backup: [])
        let end = try #require(seen[main].first?.end)
        #expect(seen.wasActive(main, around: end + 0.9, tolerance: 1))
        #expect(!seen.wasActive(main, around: end + 1.1, tolerance: 1))
        #expect(!seen.wasActive(backup, around: end, tolerance: 1))
    }

    @Test("A server that was killed was active until then")
    func killed() throws {
        let taken = "2026-11-22T10:00:05.000000Z info epoch 3: this hub is active (mainLost: gone)"
        let kill = try Date("2026-11-22T10:00:05Z", strategy: .iso8601)
        #expect(timeline(main: [starts], endedAt: kill, backup: [taken]).overlaps.isEmpty)
        #expect(timeline(main: [starts], endedAt: kill + 0.001, backup: [taken]).overlaps.count == 1)
    }
}
