import MQTTSession
import Replication

/// What a machine reads of the show: first what is retained, then what is published, each message once, over every
/// switch of the hub. Ends with `SubscribeError.tooSlow` rather than lose anything in silence.
public struct Subscription: AsyncSequence, Sendable {
    public typealias Element = Message
    public typealias Failure = any Error

    let stream: AsyncThrowingStream<Message, any Error>

    public func makeAsyncIterator() -> AsyncThrowingStream<Message, any Error>.Iterator {
        stream.makeAsyncIterator()
    }
}

/// The reading end of one subscription.
@SessionLoop
final class Reader {
    let filters: [String]
    var inbox = Inbox()
    private let continuation: AsyncThrowingStream<Message, any Error>.Continuation
    private let bufferSize: Int
    private var isDone = false

    init(filters: [String], bufferSize: Int, _ continuation: AsyncThrowingStream<Message, any Error>.Continuation) {
        self.filters = filters
        self.bufferSize = bufferSize
        self.continuation = continuation
    }

    func yield(_ message: Message) {
        guard !isDone else { return }
        if case .dropped = continuation.yield(message) { end(SubscribeError.tooSlow(buffered: bufferSize)) }
    }

    func end(_ error: SubscribeError?) {
        guard !isDone else { return }
        isDone = true
        continuation.finish(throwing: error)
    }
}
