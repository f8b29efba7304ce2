import AsyncAlgorithms
import HTTPTypes
import Hummingbird

extension Response {
    /// To HEAD.
    static var eventStream: Response { Response(status: .ok, headers: [.contentType: "text/event-stream"]) }

    /// Each document as a server-sent event, until there are no more, the client leaves, or its key is revoked.
    static func events(
        _ documents: some AsyncSequence<[UInt8], Never> & Sendable, to request: Request, of caller: Caller,
        keys: WebKeys?
    ) -> Response {
        let events = documents.map { ByteBuffer(string: "data: ") + $0 + Array("\n\n".utf8) }
        let keepAlive = AsyncTimerSequence.repeating(every: Bounds.keepAlive).map { _ in ByteBuffer(string: ":\n\n") }
        var response = eventStream
        response.body = ResponseBody { writer in
            try await request.body.consumeWithCancellationOnInboundClose { _ in
                for await part in merge(events, keepAlive) {
                    if let certificate = caller.certificate, keys?.objection(to: certificate) != nil { break }
                    try await writer.write(part)
                }
            }
            try await writer.finish(nil)
        }
        return response
    }
}

extension ByteBuffer {
    fileprivate static func + (left: ByteBuffer, right: [UInt8]) -> ByteBuffer {
        var sum = left
        sum.writeBytes(right)
        return sum
    }
}
