import FailoverCore
import HubProtocol
import Testing

@testable import Replication

@Suite("Stream between two servers")
struct StreamTests {
    private static let main = MachineName("main-1")!
    private static let backup = MachineName("backup-1")!

    private static func write(_ topic: String, bytes: Int, counter: UInt64) -> Write {
        Write(
            message: HubMessage(
                topic: topic, payload: Array(repeating: 7, count: bytes), isRetained: true,
                identity: MessageIdentity("cam-1/run/\(counter)")),
            stamp: Stamp(epoch: Epoch(4), counter: counter, origin: main))
    }

    @Test("Items of any size come out as they went in, whatever the frames cut")
    func roundTrip() throws {
        var outgoing = OutgoingStream(identifier: 9, server: Self.main, session: "run")
        var incoming = IncomingStream()
        let replica = Replica(me: Self.main)
        let items: [StreamItem] = [
            .live(Self.write("a", bytes: 0, counter: 1)), .live(Self.write("b", bytes: 1024 * 1024, counter: 2)),
            .index(stream: 3, topic: "ü/♥", Stamp(epoch: Epoch(1), counter: 1 << 40, origin: Self.backup)),
            .indexEnd(stream: 3), .retained(Self.write("c", bytes: 100_000, counter: 3)),
            .publisher(Publisher(machine: Self.main, session: "run")!, received: .max), .snapshotEnd, .mark(1),
            .marked(2),
            .verify(Digest(count: 5, sum: .max)),
        ]
        for item in items { outgoing.append(item) }
        var seen: [StreamItem] = []
        while let frame = outgoing.nextFrame(replica, acknowledging: incoming.acknowledgement) {
            #expect(frame.content.count <= OutgoingStream.frameBytes)
            seen += try incoming.take(Frame(decoding: frame.encoded))
        }
        #expect(seen == [.hello(server: Self.main, session: "run")] + items)
    }

    @Test("No more than the window is under way, and what waits is bounded")
    func window() throws {
        var outgoing = OutgoingStream(identifier: 9, server: Self.main, session: "run")
        let replica = Replica(me: Self.main)
        for number in 1...100 { outgoing.append(.live(Self.write("a", bytes: 1_000_000, counter: UInt64(number)))) }
        #expect(outgoing.isOverfull)
        var frames: [Frame] = []
        while let frame = outgoing.nextFrame(replica, acknowledging: nil) { frames.append(frame) }
        let bytes = frames.map(\.content.count).reduce(0, +)
        #expect(bytes <= OutgoingStream.windowBytes + OutgoingStream.frameBytes)
        _ = outgoing.acknowledged(.init(stream: 9, number: frames[0].number))
        let (next, last) = (
            outgoing.nextFrame(replica, acknowledging: nil), outgoing.nextFrame(replica, acknowledging: nil)
        )
        #expect(next != nil && last == nil)
    }

    @Test("Under a load that never pauses the end of the snapshot counts all the same")
    func syncUnderLoad() throws {
        var outgoing = OutgoingStream(identifier: 9, server: Self.main, session: "run")
        let replica = Replica(me: Self.main)
        outgoing.peerHeldAll(replica)
        var counter: UInt64 = 0
        for _ in 0..<5 {
            for _ in 0..<20 {
                counter += 1
                outgoing.append(.live(Self.write("a", bytes: 10_000, counter: counter)))
            }
            let frame = outgoing.nextFrame(replica, acknowledging: nil)
            _ = outgoing.acknowledged(.init(stream: 9, number: try #require(frame).number))
        }
        #expect(outgoing.isInSync)
    }

    @Test("A missing frame ends a stream: nothing of it is taken or acknowledged any more, until a new one begins")
    func gap() throws {
        var outgoing = OutgoingStream(identifier: 9, server: Self.main, session: "run")
        var incoming = IncomingStream()
        let replica = Replica(me: Self.main)
        let firstFrame = outgoing.nextFrame(replica, acknowledging: nil)
        let first = try #require(firstFrame)
        outgoing.append(.mark(1))
        _ = outgoing.nextFrame(replica, acknowledging: nil)
        outgoing.append(.mark(2))
        let thirdFrame = outgoing.nextFrame(replica, acknowledging: nil)
        let third = try #require(thirdFrame)
        let counts = try [first, third, first].map { try incoming.take($0).count }
        #expect(counts == [1, 0, 0], "the third comes without the second, and the first one twice")
        #expect(incoming.acknowledgement == .init(stream: 9, number: 0))
        var anew = OutgoingStream(identifier: 10, server: Self.main, session: "run")
        let again = anew.nextFrame(replica, acknowledging: nil)
        let items = try incoming.take(try #require(again))
        #expect(items.count == 1)
    }

    @Test("Bytes that are no stream are refused, however they are broken", arguments: 0..<300)
    func garbage(seed: Int) throws {
        var random = Randomness(state: UInt64(seed))
        var outgoing = OutgoingStream(identifier: 9, server: Self.main, session: "run")
        outgoing.append(.live(Self.write("a", bytes: 50, counter: 1)))
        let frame = outgoing.nextFrame(Replica(me: Self.main), acknowledging: nil)
        var bytes = try #require(frame).encoded
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[Int.random(in: bytes.indices, using: &random)] = .random(in: 0 ... .max, using: &random)
            case 1: bytes.removeLast(Int.random(in: 1..<bytes.count, using: &random))
            default:
                bytes.insert(.random(in: 0 ... .max, using: &random), at: Int.random(in: bytes.indices, using: &random))
            }
            guard bytes.count > 1 else { break }
        }
        var incoming = IncomingStream()
        // What it makes of them does not matter: that it neither crashes nor takes memory without bound does.
        _ = try? incoming.take(Frame(decoding: bytes))
    }
}
