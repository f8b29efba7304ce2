import FailoverCore
import HubProtocol
import Testing

@testable import Replication

@Suite("Replica")
struct ReplicaTests {
    private var main = Replica(me: MachineName("main-1")!)
    private var backup = Replica(me: MachineName("backup-1")!)
    private static let epoch = Epoch(4)

    private func message(_ topic: String, _ text: String, _ identity: String? = nil, retain: Bool = true) -> HubMessage
    {
        HubMessage(
            topic: topic, payload: Array(text.utf8), isRetained: retain,
            identity: identity.flatMap(MessageIdentity.init))
    }

    @Test("A message is copied once, and both servers hold the same")
    mutating func copies() throws {
        let arrival = main.arrived(message("a", "1", "cam-1/run/1"), epoch: Self.epoch, activeEpoch: Self.epoch)
        let write = try #require(arrival.new)
        #expect(backup.copied(write).published == write)
        #expect(backup.copied(write) == .init())
        #expect(main.digest == backup.digest && main.digest.count == 1)
    }

    @Test("What leaves a hub's state as it was is news for its readers all the same (I4)")
    mutating func newsWithoutChange() throws {
        // Written and deleted while the Backup was away, and the deletion comes as it happens.
        let deletion = try #require(
            main.arrived(message("a", "", "cam-1/run/1"), epoch: Self.epoch, activeEpoch: Self.epoch).new)
        #expect(backup.copied(deletion).published == deletion)
        #expect(backup.copied(deletion).published == nil, "once")
        let on = try #require(main.arrived(message("b", "on"), epoch: Self.epoch, activeEpoch: Self.epoch).new)
        #expect(backup.copied(on).published == on)
        let onAgain = try #require(main.arrived(message("b", "on"), epoch: Self.epoch, activeEpoch: Self.epoch).new)
        #expect(backup.copied(onAgain).published == onAgain)
        #expect(main.digest == backup.digest)
    }

    @Test("A message that its author repeats is not copied again, and what came after it is put right")
    mutating func repeated() {
        _ = main.arrived(message("a", "old", "cam-1/run/1"), epoch: Self.epoch, activeEpoch: Self.epoch)
        let newer = main.arrived(message("a", "new", "gfx-1/run/1"), epoch: Self.epoch, activeEpoch: Self.epoch).new
        let again = main.arrived(message("a", "old", "cam-1/run/1"), epoch: Self.epoch, activeEpoch: Self.epoch)
        #expect(again.new == nil && again.repair == newer)
    }

    @Test("What was written while a newer hub was active wins over what the older one still took")
    mutating func epochs() throws {
        let late = try #require(
            main.arrived(message("a", "late", "cam-1/run/1"), epoch: Epoch(4), activeEpoch: Epoch(4)).new)
        let new = try #require(
            backup.arrived(message("a", "new", "gfx-1/run/1"), epoch: Epoch(5), activeEpoch: Epoch(5)).new)
        let application = backup.copied(late)
        #expect(application.published == nil && application.conflict?.kept == new)
        #expect(main.copied(new).published == new)
        #expect(main.digest == backup.digest)
    }

    @Test("An author that has moved here publishes again what the other hub took last: that comes too late")
    mutating func moved() throws {
        let first = try #require(
            main.arrived(message("a", "1", "cam-1/run/1"), epoch: Epoch(4), activeEpoch: Epoch(4)).new)
        _ = backup.copied(first)
        let late = try #require(
            main.arrived(message("a", "2", "cam-1/run/2"), epoch: Epoch(4), activeEpoch: Epoch(4)).new)
        let publisher = try #require(MessageIdentity("cam-1/run/2")?.publisher)
        #expect(backup.resumes(publisher, epoch: Epoch(5)) == 1)
        #expect(backup.copied(late) == .init())
        let again = try #require(
            backup.arrived(message("a", "2", "cam-1/run/2"), epoch: Epoch(5), activeEpoch: Epoch(5)).new)
        #expect(main.copied(again).published == nil, "Main's hub has it")
        #expect(main.digest == backup.digest)
        // Home again: what it publishes there is taken.
        _ = main.resumes(publisher, epoch: Epoch(6))
        let home = try #require(
            main.arrived(message("a", "3", "cam-1/run/3"), epoch: Epoch(6), activeEpoch: Epoch(6)).new)
        #expect(backup.copied(home).published == home)
    }

    @Test("What an author still sent to the hub that it was leaving loses, whatever that server's counter says")
    mutating func late() throws {
        for number in 1...9 {
            _ = backup.arrived(message("other", "\(number)"), epoch: Epoch(5), activeEpoch: Epoch(5))
        }
        // Handed over to Main, whose epoch is known here already.
        let late = try #require(
            backup.arrived(message("a", "9", "cam-1/run/9"), epoch: Epoch(6), activeEpoch: Epoch(5)).new)
        let publisher = try #require(MessageIdentity("cam-1/run/9")?.publisher)
        _ = main.resumes(publisher, epoch: Epoch(6))
        let again = try #require(
            main.arrived(message("a", "9", "cam-1/run/9"), epoch: Epoch(6), activeEpoch: Epoch(6)).new)
        let next = try #require(
            main.arrived(message("a", "10", "cam-1/run/10"), epoch: Epoch(6), activeEpoch: Epoch(6)).new)
        #expect(main.copied(late).published == nil)
        _ = backup.copied(again)
        #expect(backup.copied(next).published == next)
        #expect(main.retained["a"] == backup.retained["a"])
    }

    @Test("A deletion stays known, so that an older copy brings nothing back")
    mutating func tombstones() throws {
        let old = try #require(main.arrived(message("a", "1"), epoch: Self.epoch, activeEpoch: Self.epoch).new)
        let gone = try #require(main.arrived(message("a", ""), epoch: Self.epoch, activeEpoch: Self.epoch).new)
        #expect(backup.copied(gone).stored == gone)
        #expect(backup.merge(old).published == nil)
        #expect(main.digest == backup.digest)
    }

    @Test("A server that starts counts on above all that was given before, also what was not written down")
    func nextCounter() throws {
        var before = main
        let write = try #require(before.arrived(message("a", "1"), epoch: Self.epoch, activeEpoch: Self.epoch).new)
        #expect(Replica.nextCounter(after: 0, [write]) > write.stamp.counter + 100_000)
        #expect(Replica.nextCounter(after: 7_000_000, [write]) > 7_100_000)
    }

    @Test("What has expired is forgotten, and what replaced it is not")
    mutating func expiry() {
        for (topic, expiry) in [("a", Int64(1)), ("b", 2), ("c", 1)] {
            let message = HubMessage(
                topic: topic, payload: [1], isRetained: true, expiry: Timestamp(millisecondsSince1970: expiry))
            _ = main.arrived(message, epoch: Self.epoch, activeEpoch: Self.epoch)
        }
        _ = main.arrived(message("c", "stays"), epoch: Self.epoch, activeEpoch: Self.epoch)
        let first = main.forgetExpired(at: Timestamp(millisecondsSince1970: 1))
        #expect(first == ["a"])
        let second = main.forgetExpired(at: Timestamp(millisecondsSince1970: 2))
        #expect(second == ["b"])
        #expect(main.retained.keys.sorted() == ["c"] && main.digest.count == 1)
    }

    @Test("Of more deletions than a site can need, the oldest are forgotten")
    mutating func manyTombstones() {
        for number in 0...Replica.mostTombstones {
            _ = main.arrived(message("\(number)", ""), epoch: Self.epoch, activeEpoch: Self.epoch)
        }
        _ = main.arrived(message("0", "there again"), epoch: Self.epoch, activeEpoch: Self.epoch)
        let none = main.forgetTombstones()
        #expect(none.isEmpty)
        _ = main.arrived(message("one more", ""), epoch: Self.epoch, activeEpoch: Self.epoch)
        let forgotten = main.forgetTombstones()
        #expect(forgotten.first == "1" && forgotten.count == Replica.mostTombstones / 2 + 1)
        #expect(main.retained["0"] != nil && main.retained["one more"] != nil)
    }

    @Test("While an own publish is under way, what the broker retains in the end is made certain")
    mutating func underWay() throws {
        let copy = try #require(backup.arrived(message("a", "copy"), epoch: Self.epoch, activeEpoch: Self.epoch).new)
        let published = try #require(main.copied(copy).published)
        main.published(published)
        let arrival = main.arrived(message("a", "here"), epoch: Self.epoch, activeEpoch: Self.epoch)
        #expect(arrival.repair == arrival.new)
        main.answered(published)
        #expect(main.arrived(message("a", "again"), epoch: Self.epoch, activeEpoch: Self.epoch).repair == nil)
    }

    @Test("In whatever order two servers hear of each other's writes, they end with the same", arguments: 0..<200)
    mutating func convergence(seed: Int) {
        var random = Randomness(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1)
        var ways: [[Write]] = [[], []]
        var epochs = [Epoch(4), Epoch(4)]
        for _ in 0..<200 {
            let side = Int.random(in: 0...1, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0: epochs[side] = Epoch(max(epochs[0].number, epochs[1].number) + 1)
            case 1...5:
                let text = Int.random(in: 0..<4, using: &random)
                let news = message("\(Int.random(in: 0..<5, using: &random))", text == 0 ? "" : "\(text)")
                let arrival =
                    side == 0
                    ? main.arrived(news, epoch: epochs[0], activeEpoch: epochs[0])
                    : backup.arrived(news, epoch: epochs[1], activeEpoch: epochs[1])
                if let new = arrival.new { ways[side].append(new) }
            default:
                guard !ways[side].isEmpty else { continue }
                let write = ways[side].removeFirst()
                _ = side == 0 ? backup.copied(write) : main.copied(write)
            }
        }
        for write in ways[0] { _ = backup.copied(write) }
        for write in ways[1] { _ = main.copied(write) }
        #expect(main.retained == backup.retained)
        #expect(main.digest == backup.digest)
    }
}

/// SplitMix64: the same numbers for a seed everywhere.
struct Randomness: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
