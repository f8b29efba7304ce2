import FailoverCore
import HubProtocol
import Testing

@testable import Replication

@Suite("Outbox and inbox")
struct InboxTests {
    private static let main = MachineName("main-1")!
    private static let backup = MachineName("backup-1")!

    private func item(
        _ topic: String, _ text: String, _ identity: String?, origin: MachineName? = nil, isState: Bool = false
    )
        -> Inbox.Item
    {
        Inbox.Item(
            topic: topic, hash: text.hashValue, identity: identity.flatMap(MessageIdentity.init), origin: origin,
            isState: isState)
    }

    private func expect(
        _ item: Inbox.Item, from hub: MachineName, isFollowed: Bool, isNews: Bool, _ inbox: inout Inbox,
        at location: SourceLocation = #_sourceLocation
    ) {
        let result = inbox.take(item, from: hub, isFollowed: isFollowed)
        #expect(result == isNews, sourceLocation: location)
    }

    @Test("I4: of two streams the one that is ahead is taken, and the other one brings nothing new", arguments: 0..<100)
    func merges(seed: Int) {
        var random = Randomness(state: UInt64(seed) &* 77 &+ 5)
        var inbox = Inbox()
        var (atMain, atBackup) = (1, 1)
        var delivered: [Int] = []
        while atMain <= 50 || atBackup <= 50 {
            let isMain = atBackup > 50 || (atMain <= 50 && Bool.random(using: &random))
            let number = isMain ? atMain : atBackup
            let news = item("a", "\(number)", "cam-1/run/\(number)", origin: isMain ? nil : Self.main)
            if inbox.take(news, from: isMain ? Self.main : Self.backup, isFollowed: isMain) { delivered.append(number) }
            if isMain { atMain += 1 } else { atBackup += 1 }
        }
        #expect(delivered == Array(1...50))
    }

    @Test(
        "Messages without identities are delivered once, whichever of original and copy comes first", arguments: 0..<100
    )
    func originals(seed: Int) {
        var random = Randomness(state: UInt64(seed) &* 91 &+ 3)
        var inbox = Inbox()
        var (atMain, atBackup) = (1, 1)
        var delivered: [Int] = []
        while atMain <= 50 || atBackup <= 50 {
            let isMain = atBackup > 50 || (atMain <= 50 && Bool.random(using: &random))
            let number = isMain ? atMain : atBackup
            // Alike payloads among them.
            let news =
                isMain
                ? item("a", "\(number / 3)", nil)
                : item("a", "\(number / 3)", "main-1/epoch-4/\(number)", origin: Self.main)
            if inbox.take(news, from: isMain ? Self.main : Self.backup, isFollowed: isMain) { delivered.append(number) }
            if isMain { atMain += 1 } else { atBackup += 1 }
        }
        #expect(delivered == Array(1...50))
    }

    @Test("I4: copies whose originals came before this reader was there do not hide the later ones")
    func late() {
        var inbox = Inbox()
        for number in 1...3 {
            let copy = item("a", "\(number)", "main-1/epoch-4/\(number)", origin: Self.main)
            expect(copy, from: Self.backup, isFollowed: true, isNews: true, &inbox)
        }
        expect(item("a", "3", nil), from: Self.main, isFollowed: false, isNews: false, &inbox)
    }

    @Test("What is retained is read from the active hub, and known again")
    func state() {
        var inbox = Inbox()
        expect(
            item("a", "old", "cam-1/run/1", isState: true), from: Self.backup, isFollowed: false, isNews: false, &inbox)
        expect(item("a", "new", "cam-1/run/5", isState: true), from: Self.main, isFollowed: true, isNews: true, &inbox)
        expect(item("b", "1", "cam-1/run/3", isState: true), from: Self.main, isFollowed: true, isNews: true, &inbox)
        expect(
            item("a", "new", "cam-1/run/5", origin: Self.main), from: Self.backup, isFollowed: false, isNews: false,
            &inbox)
        expect(
            item("c", "x", "cam-1/run/4", origin: Self.main), from: Self.backup, isFollowed: false, isNews: false,
            &inbox)
        expect(item("c", "x", "cam-1/run/6"), from: Self.main, isFollowed: true, isNews: true, &inbox)
        expect(item("d", "1", nil, isState: true), from: Self.main, isFollowed: true, isNews: true, &inbox)
        expect(item("d", "1", nil, isState: true), from: Self.main, isFollowed: true, isNews: false, &inbox)
    }

    @Test("An outbox repeats what is missing, in order, and forgets what is safe; it is bounded")
    func outbox() throws {
        var outbox = Outbox(publisher: try #require(Publisher(machine: Self.main, session: "run")))
        for number in 1...5 {
            let added = outbox.add(HubMessage(topic: "a", payload: [UInt8(number)], isRetained: true))
            #expect(added.sequence == UInt64(number))
        }
        let first = outbox.confirmed(2)
        #expect(first == [1, 2])
        outbox.withdraw(4)
        #expect(outbox.missing(after: 2).map(\.sequence) == [3, 5])
        #expect(outbox.missing(after: 3).map(\.sequence) == [5])
        for _ in 0..<16 where !outbox.isFull {
            _ = outbox.add(HubMessage(topic: "a", payload: Array(repeating: 0, count: 1024 * 1024), isRetained: true))
        }
        #expect(outbox.isFull)
        let all = outbox.confirmed(.max)
        #expect(all.count == 18)
        #expect(!outbox.isFull)
    }
}
