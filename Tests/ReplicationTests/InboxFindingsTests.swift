import FailoverCore
import HubProtocol
import Testing

@testable import Replication

/// What whole simulated sites found, as small as it can be.
@Suite("Findings of the simulation: inbox")
struct InboxFindingsTests {
    private static let main = MachineName("main-1")!
    private static let backup = MachineName("backup-1")!
    private var inbox = Inbox()

    private func item(_ topic: String, _ identity: String, state: Bool = false) -> Inbox.Item {
        .init(
            topic: topic, hash: identity.hashValue, identity: MessageIdentity(identity), origin: nil, isState: state)
    }

    private func original(_ text: String, state: Bool = false) -> Inbox.Item {
        .init(topic: "t", hash: text.hashValue, identity: nil, origin: nil, isState: state)
    }

    private func copy(_ text: String, _ number: Int) -> Inbox.Item {
        .init(
            topic: "t", hash: text.hashValue, identity: MessageIdentity("backup-1/epoch-4/\(number)"),
            origin: Self.backup, isState: false)
    }

    @Test("I4: the state of one hub is ahead of the other hub's news, which are read all the same")
    mutating func stateAhead() {
        let taken = [
            inbox.take(item("a", "cam-1/run/7", state: true), from: Self.main, isFollowed: true),
            inbox.take(item("event", "cam-1/run/5"), from: Self.backup, isFollowed: false),
            inbox.take(item("a", "gfx-1/run/1"), from: Self.main, isFollowed: true),
            // It was read as state.
            inbox.take(item("a", "cam-1/run/7"), from: Self.backup, isFollowed: false),
            inbox.take(item("b", "cam-1/run/8"), from: Self.backup, isFollowed: false),
        ]
        #expect(taken == [true, true, true, false, true])
    }

    @Test("I4: a message without an identity that was read as state is not read again as a copy")
    mutating func plainState() {
        let taken = [
            inbox.take(original("on", state: true), from: Self.backup, isFollowed: true),
            inbox.take(copy("on", 1), from: Self.main, isFollowed: false),
        ]
        #expect(taken == [true, false])
    }

    @Test("I4: a copy whose original never came hides none of the later ones")
    mutating func copiesFirst() {
        let taken = [
            inbox.take(copy("lost on the way", 1), from: Self.main, isFollowed: true),
            inbox.take(copy("on", 2), from: Self.main, isFollowed: true),
            inbox.take(original("on"), from: Self.backup, isFollowed: false),
            inbox.take(original("off"), from: Self.backup, isFollowed: false),
        ]
        #expect(taken == [true, true, false, true])
    }
}
