import FailoverCore
import HubProtocol

/// One thing that a server tells the other one about its hub. They come in order, without a gap, for as long as a
/// stream lasts.
public enum StreamItem: Hashable, Sendable {
    /// Always the first: who speaks, in which run.
    case hello(server: MachineName, session: String)
    /// As it arrived on the sender's hub.
    case live(Write)
    /// A part of the receiver's own map, sent in answer to the hello of this stream; then `indexEnd`.
    case index(stream: UInt64, topic: String, Stamp)
    case indexEnd(stream: UInt64)
    /// What the index lacked.
    case retained(Write)
    case publisher(Publisher, received: UInt64)
    /// It publishes on the sender's hub from this epoch on, which has its messages up to here. What comes later of the
    /// receiver's is refused.
    case moved(Publisher, received: UInt64, Epoch)
    /// Everything that the index lacked is sent.
    case snapshotEnd
    /// The receiver answers with `marked` when it has applied all that came before.
    case mark(UInt64)
    case marked(UInt64)
    /// All that the sender retains, when everything is sent and nothing is new.
    case verify(Digest)
}

/// Bytes that are no stream of this version.
public struct MalformedStream: Error, CustomStringConvertible {
    public init() {}

    public var description: String { "not a replication stream of this version" }
}

// Binary, since payloads are: tags of one byte, numbers as LEB128, texts and bytes with their length before them.
extension StreamItem {
    func write(to out: inout ByteWriter) {
        switch self {
        case .hello(let server, let session):
            out.tag(0)
            out.text(server.description)
            out.text(session)
        case .live(let write):
            out.tag(1)
            out.write(write)
        case .index(let stream, let topic, let stamp):
            out.tag(2)
            out.number(stream)
            out.text(topic)
            out.stamp(stamp)
        case .indexEnd(let stream):
            out.tag(3)
            out.number(stream)
        case .retained(let write):
            out.tag(4)
            out.write(write)
        case .publisher(let publisher, let received):
            out.tag(5)
            out.text(publisher.machine.description)
            out.text(publisher.session)
            out.number(received)
        case .moved(let publisher, let received, let epoch):
            out.tag(10)
            out.text(publisher.machine.description)
            out.text(publisher.session)
            out.number(received)
            out.number(epoch.number)
        case .snapshotEnd: out.tag(6)
        case .mark(let number):
            out.tag(7)
            out.number(number)
        case .marked(let number):
            out.tag(8)
            out.number(number)
        case .verify(let digest):
            out.tag(9)
            out.number(digest.count)
            out.number(digest.sum)
        }
    }

    init(from bytes: inout ByteReader) throws(MalformedStream) {
        switch try bytes.tag() {
        case 0: self = .hello(server: try bytes.name(), session: try bytes.text())
        case 1: self = .live(try bytes.write())
        case 2: self = .index(stream: try bytes.number(), topic: try bytes.text(), try bytes.stamp())
        case 3: self = .indexEnd(stream: try bytes.number())
        case 4: self = .retained(try bytes.write())
        case 5: self = .publisher(try bytes.publisher(), received: try bytes.number())
        case 6: self = .snapshotEnd
        case 7: self = .mark(try bytes.number())
        case 8: self = .marked(try bytes.number())
        case 9: self = .verify(Digest(count: try bytes.number(), sum: try bytes.number()))
        case 10:
            self = .moved(try bytes.publisher(), received: try bytes.number(), Epoch(try bytes.number()))
        default: throw MalformedStream()
        }
    }

    /// With its length before it.
    var encoded: [UInt8] {
        var body = ByteWriter()
        write(to: &body)
        var out = ByteWriter()
        out.bytes(body.content)
        return out.content
    }
}
