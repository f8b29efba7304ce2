import AsyncAlgorithms
import HTTPTypes
import Hummingbird

/// What a server sends of its own accord (https://html.spec.whatwg.org/multipage/server-sent-events.html).
struct ServerSentEvent: Sendable {
    /// `nil`: a document, as everyone expects it.
    var name: String?
    /// Without a line break.
    var data: [UInt8]

    fileprivate var bytes: ByteBuffer {
        var buffer = ByteBuffer(string: (name.map { "event: \($0)\n" } ?? "") + "data: ")
        buffer.writeBytes(data)
        buffer.writeString("\n\n")
        return buffer
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
