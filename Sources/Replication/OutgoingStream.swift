import DequeModule
import FailoverCore
import HubProtocol

/// What one server still has to tell the other one, and what of that is under way. Lasts as long as one connection.
public struct OutgoingStream: Sendable {
    public let identifier: UInt64

    /// A frame with large items delays what comes after it by well under a millisecond.
    public static let frameBytes = 64 * 1024
    /// What may be under way without an answer.
    public static let windowBytes = 2 * 1024 * 1024
    /// What may wait. More, and the stream is given up: a new one begins with what the maps differ in.
    public static let mostWaitingBytes = 64 * 1024 * 1024

    private struct Sent {
        var number: UInt64
        var bytes: Int
        /// With it everything of this server up to here was sent.
        var counter: UInt64
        var endsSnapshot: Bool
        var messages: Int
        /// Of these, how many were live.
        var live: Int
        /// The highest message of each author in it.
        var published: [Publisher: UInt64]
    }

    private struct Waiting {
        var bytes: [UInt8]
        var isMessage: Bool
        var isLive: Bool
        var identity: MessageIdentity?
        var endsSnapshot: Bool
    }

    private var waiting: Deque<Waiting> = []
    /// Of the first of `waiting`, how much is sent.
    private var position = 0
    private var waitingMessages = 0
    public private(set) var waitingBytes = 0
    private var underWay: Deque<Sent> = []
    private var bytesUnderWay = 0
    private var messagesUnderWay = 0
    private var nextNumber: UInt64 = 0
    /// What the other server holds, as it says in answer to the hello.
    private var index: [String: Stamp] = [:]
    /// Topics that it lacks, still to be sent.
    private var lacking: [String] = []
    private var isSnapshotUnderWay = false
    /// The other server has applied everything up to the end of the snapshot.
    public private(set) var isInSync = false
    /// How many live messages of this stream it has applied.
    public private(set) var liveApplied = 0
    /// It cannot be continued; a new one will begin with what the maps differ in.
    var mustBeginAnew = false

    public init(identifier: UInt64, server: MachineName, session: String) {
        self.identifier = identifier
        append(.hello(server: server, session: session))
    }

    /// Messages that the other hub has not got yet.
    public var messagesBehind: Int { waitingMessages + messagesUnderWay + lacking.count }
    public var isIdle: Bool { waiting.isEmpty && underWay.isEmpty && lacking.isEmpty && !isSnapshotUnderWay }
    /// Something could be sent.
    var hasWaiting: Bool {
        (!waiting.isEmpty || isSnapshotUnderWay) && bytesUnderWay < Self.windowBytes && !mustBeginAnew
    }
    public var isOverfull: Bool { waitingBytes > Self.mostWaitingBytes }

    public mutating func append(_ item: StreamItem) {
        let (isMessage, identity): (Bool, MessageIdentity?) =
            switch item {
            case .live(let write): (true, write.message.identity)
            case .retained: (true, nil)
            case .publisher(let publisher, let received):
                (false, MessageIdentity(publisher: publisher, sequence: received))
            default: (false, nil)
            }
        let bytes = item.encoded
        let isLive = if case .live = item { true } else { false }
        waiting.append(
            Waiting(
                bytes: bytes, isMessage: isMessage, isLive: isLive, identity: identity,
                endsSnapshot: item == .snapshotEnd))
        waitingBytes += bytes.count
        if isMessage { waitingMessages += 1 }
    }

    // MARK: - Snapshot

    public mutating func peerHolds(_ topic: String, _ stamp: Stamp) { index[topic] = stamp }

    /// The other server has said all that it holds: what it lacks goes out from now on.
    public mutating func peerHeldAll(_ replica: Replica) {
        lacking = replica.retained.keys.filter { replica.isNewer($0, than: index[$0]) }
        index = [:]
        isSnapshotUnderWay = true
    }

    /// Moves a part of the snapshot to what waits, so that a large show is not copied in memory as a whole.
    private mutating func continueSnapshot(_ replica: Replica) {
        guard isSnapshotUnderWay else { return }
        while waitingBytes < Self.frameBytes, let topic = lacking.popLast() {
            if let write = replica.retained[topic] { append(.retained(write)) }
        }
        guard lacking.isEmpty else { return }
        isSnapshotUnderWay = false
        for (publisher, progress) in replica.publishers { append(.publisher(publisher, received: progress.received)) }
        append(.snapshotEnd)
    }

    // MARK: - Frames

    /// The next frame, while the window is open and there is something to send.
    public mutating func nextFrame(_ replica: Replica, acknowledging: Frame.Acknowledgement?) -> Frame? {
        continueSnapshot(replica)
        guard !waiting.isEmpty, bytesUnderWay < Self.windowBytes else { return nil }
        var content: [UInt8] = []
        var (messages, live) = (0, 0)
        var endsSnapshot = false
        var published: [Publisher: UInt64] = [:]
        while content.count < Self.frameBytes, let first = waiting.first {
            let part = first.bytes[position...].prefix(Self.frameBytes - content.count)
            content.append(contentsOf: part)
            position += part.count
            guard position == first.bytes.count else { break }
            waiting.removeFirst()
            position = 0
            waitingBytes -= first.bytes.count
            if first.isMessage { messages += 1 }
            if first.isLive { live += 1 }
            // Whatever waits behind it: under a load that never pauses, too, both hubs get in step.
            if first.endsSnapshot { endsSnapshot = true }
            if let identity = first.identity {
                published[identity.publisher] = max(published[identity.publisher] ?? 0, identity.sequence)
            }
        }
        waitingMessages -= messages
        messagesUnderWay += messages
        underWay.append(
            Sent(
                number: nextNumber, bytes: content.count,
                counter: waiting.isEmpty && lacking.isEmpty ? replica.counter : 0, endsSnapshot: endsSnapshot,
                messages: messages, live: live, published: published))
        bytesUnderWay += content.count
        defer { nextNumber += 1 }
        return Frame(stream: identifier, number: nextNumber, content: content, acknowledgement: acknowledging)
    }

    /// What the other server has applied now.
    public struct Progress: Sendable {
        /// The own counter up to which it has everything.
        public var counter: UInt64 = 0
        /// The highest message of each author, of those that are news.
        public var published: [Publisher: UInt64] = [:]
    }

    /// - Returns: `nil` before it has the whole snapshot, since until then it lacks something older.
    public mutating func acknowledged(_ acknowledgement: Frame.Acknowledgement) -> Progress? {
        guard acknowledgement.stream == identifier else { return nil }
        var progress = Progress()
        while let first = underWay.first, first.number <= acknowledgement.number {
            underWay.removeFirst()
            bytesUnderWay -= first.bytes
            messagesUnderWay -= first.messages
            liveApplied += first.live
            if first.endsSnapshot { isInSync = true }
            progress.counter = max(progress.counter, first.counter)
            progress.published.merge(first.published) { max($0, $1) }
        }
        return isInSync ? progress : nil
    }
}
