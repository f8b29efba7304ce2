import AsyncAlgorithms
import HTTPTypes
import Hummingbird

/// What a server sends of its own accord (https://html.spec.whatwg.org/multipage/server-sent-events.html).
struct ServerSentEvent: Sendable {
    /// As it is sent: made once, for all who listen.
    fileprivate let bytes: ByteBuffer

    /// - Parameters:
    ///   - name: `nil`: a document, as everyone expects it.
    ///   - data: without a line break.
    init(name: String? = nil, data: [UInt8]) {
        var bytes = ByteBuffer(string: (name.map { "event: \($0)\n" } ?? "") + "data: ")
        bytes.writeBytes(data)
        bytes.writeString("\n\n")
        self.bytes = bytes
    }
}

extension Response {
    /// To HEAD.
    static var eventStream: Response { Response(status: .ok, headers: [.contentType: "text/event-stream"]) }

    /// Each event, until there are no more, the client leaves, or its key is revoked.
    static func events(
        _ events: some AsyncSequence<ServerSentEvent, Never> & Sendable, to request: Request, of caller: Caller,
        keys: WebKeys?
    ) -> Response {
        let parts = events.map(\.bytes)
        let keepAlive = AsyncTimerSequence.repeating(every: Bounds.keepAlive).map { _ in ByteBuffer(string: ":\n\n") }
        var response = eventStream
        response.body = ResponseBody { writer in
            try await request.body.consumeWithCancellationOnInboundClose { _ in
                for await part in merge(parts, keepAlive) {
                    if let certificate = caller.certificate, keys?.objection(to: certificate) != nil { break }
                    try await writer.write(part)
                }
            }
            try await writer.finish(nil)
        }
        return response
    }
}
