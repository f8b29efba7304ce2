import FailoverCore
import HubProtocol
import Replication
import Testing

@Suite("Inbox")
struct InboxTests {
    private static let main = MachineName("main-1")!
    private static let backup = MachineName("backup-1")!
    private var inbox = Inbox()

    /// Of an author without identities, as its hub delivers it.
    private func original(_ number: Int) -> Inbox.Item {
        .init(topic: "event", hash: number, identity: nil, origin: nil, isState: false)
    }

    /// The same, copied from Main to the Backup.
    private func copy(_ number: Int) -> Inbox.Item {
        .init(
            topic: "event", hash: number, identity: MessageIdentity("main-1/epoch-4/\(number)"), origin: Self.main,
            isState: false)
    }

    @Test("I4: of original and copy, whichever comes first is the message")
    mutating func once() {
        let takesOriginal = inbox.take(original(1), from: Self.main, isFollowed: true)
        let takesItsCopy = inbox.take(copy(1), from: Self.backup, isFollowed: false)
        let takesCopy = inbox.take(copy(2), from: Self.backup, isFollowed: false)
        let takesItsOriginal = inbox.take(original(2), from: Self.main, isFollowed: true)
        #expect(takesOriginal && !takesItsCopy && takesCopy && !takesItsOriginal)
    }

    @Test("I4: copies whose originals came before this reader was there do not hide the later ones")
    mutating func late() {
        for number in 1...3 { _ = inbox.take(copy(number), from: Self.backup, isFollowed: true) }
        let takesOriginal = inbox.take(original(3), from: Self.main, isFollowed: false)
        #expect(!takesOriginal)
    }
}
