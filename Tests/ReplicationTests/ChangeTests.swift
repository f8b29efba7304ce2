import FailoverCore
import HubProtocol
import Replication
import Testing

/// A change of many topics that a server makes itself, such as a show that is loaded.
@Suite("One change of many topics")
struct ChangeTests {
    private static let names = [MachineName("main-1")!, MachineName("backup-1")!]
    private static let author = Publisher(machine: names[0], session: "load")!
    private static let count = 250
    private var servers = names.map { Replicator(run: "\($0)", replica: Replica(me: $0), epoch: Epoch(5)) }
    /// What the other server got as news, and what each has confirmed.
    private var news: [Write] = []
    private var confirmed: [UInt64] = [0, 0]

    private init() {
        for side in 0...1 { handle(.peerOpened(stream: UInt64(side) + 1), at: side) }
        exchange()
    }

    private mutating func handle(_ event: Replicator.Event, at side: Int) {
        for directive in servers[side].handle(event) { note(directive, at: side) }
        while servers[side].hasReady {
            for directive in servers[side].handle(.proceed) { note(directive, at: side) }
        }
    }

    private mutating func note(_ directive: Replicator.Directive, at side: Int) {
        switch directive {
        case .publish(let write, isNews: true) where side == 1: news.append(write)
        case .sync(let progress, _): handle(.stored(progress), at: side)
        case .confirm(Self.author, let confirmation):
            confirmed[side] = max(confirmed[side], confirmation.replicated)
        default: break
        }
    }

    /// - Parameter frames: Main's that arrive, at most; the others are lost.
    private mutating func exchange(frames: Int = .max) {
        var left = frames
        var isQuiet = false
        while !isQuiet {
            isQuiet = true
            for side in 0...1 where servers[side].wantsFlush || servers[side].hasTaken {
                for directive in servers[side].flush() + servers[side].confirmTaken() {
                    guard case .send(let frame) = directive else {
                        note(directive, at: side)
                        continue
                    }
                    isQuiet = false
                    if side == 0, !frame.content.isEmpty {
                        guard left > 0 else { continue }
                        left -= 1
                    }
                    handle(.frame(frame, from: Self.names[side]), at: 1 - side)
                }
            }
        }
    }

    /// Of so many bytes that it takes many frames.
    private mutating func change() {
        let payload = [UInt8](repeating: 0x78, count: 8000)
        let messages = (1...UInt64(Self.count)).map {
            HubMessage(
                topic: "show/a/\($0)", payload: payload, isRetained: true,
                identity: MessageIdentity(publisher: Self.author, sequence: $0))
        }
        handle(.change(Array(messages.prefix(30)), isEnd: false), at: 0)
        handle(.change(Array(messages.dropFirst(30)), isEnd: true), at: 0)
    }

    private var atBackup: Int { servers[1].replica.retained.count }

    @Test("It is applied as a whole when its end has come, in order, and confirmed only then")
    mutating func whole() {
        change()
        #expect(servers[0].replica.retained.count == Self.count)
        exchange()
        #expect(atBackup == Self.count && news.map(\.message.sequence) == (1...UInt64(Self.count)).map { $0 })
        #expect(confirmed == [UInt64(Self.count), UInt64(Self.count)])
        #expect(servers[0].replica.digest == servers[1].replica.digest)
        #expect(news.allSatisfy { !$0.isContinued })
    }

    @Test("A server that gets a part of it has none of it", arguments: [1, 3, 9])
    mutating func part(frames: Int) {
        change()
        exchange(frames: frames)
        #expect(atBackup == 0 && news.isEmpty && confirmed[1] == 0 && confirmed[0] < UInt64(Self.count))
        // Main is killed: another run of it begins with what the Backup has.
        handle(.peerClosed, at: 1)
        servers[0] = Replicator(run: "again", replica: Replica(me: Self.names[0]), epoch: Epoch(6))
        for side in 0...1 { handle(.peerOpened(stream: UInt64(side) + 5), at: side) }
        exchange()
        handle(
            .arrived(HubMessage(topic: "show/a/other", payload: [1], isRetained: true)), at: 0)
        exchange()
        #expect(servers[1].replica.retained.keys.sorted() == ["show/a/other"])
    }

    @Test("A connection that breaks in its middle is continued, and nothing of it is news twice", arguments: [1, 5])
    mutating func continued(frames: Int) {
        change()
        exchange(frames: frames)
        for side in 0...1 { handle(.peerClosed, at: side) }
        for side in 0...1 { handle(.peerOpened(stream: UInt64(side) + 5), at: side) }
        exchange()
        #expect(atBackup == Self.count && news.map(\.message.sequence) == (1...UInt64(Self.count)).map { $0 })
        #expect(confirmed[0] == UInt64(Self.count))
        #expect(servers[0].replica.digest == servers[1].replica.digest)
    }

    @Test("What another author writes right after it does not wait for it, and wins")
    mutating func later() {
        change()
        handle(
            .arrived(
                HubMessage(
                    topic: "show/a/1", payload: [1], isRetained: true, identity: MessageIdentity("cam-1/run/1"))),
            at: 0)
        exchange()
        for server in servers { #expect(server.replica.retained["show/a/1"]?.message.payload == [1]) }
        #expect(news.count == Self.count && news.first?.message.payload == [1])
        #expect(news.count(where: { $0.message.topic == "show/a/1" }) == 1)
    }

    @Test("A reader of both hubs sees it once, and afterwards the same content of somebody who knows no identities")
    func readOnce() {
        var inbox = Inbox()
        let take = { (inbox: inout Inbox, hub: Int, text: String, identity: String?) in
            inbox.take(
                .init(
                    topic: "show/a/1", hash: text.hashValue, identity: identity.flatMap(MessageIdentity.init),
                    origin: identity == nil ? nil : Self.names[0], isState: false), from: Self.names[hub],
                isFollowed: hub == 0)
        }
        // The Backup's copy is faster.
        #expect([1, 0].map { take(&inbox, $0, "x", "main-1/load/1") } == [true, false])
        #expect(take(&inbox, 0, "y", nil))
        #expect(take(&inbox, 0, "x", nil))
    }
}
