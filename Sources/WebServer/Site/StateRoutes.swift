import AsyncAlgorithms
import HTTPTypes
import HubClient
import Hummingbird

/// How the site stands: once, or at every change as server-sent events
/// (https://html.spec.whatwg.org/multipage/server-sent-events.html).
struct StateRoutes: Sendable {
    let feed: SiteFeed
    let keys: WebKeys?

    func add(to router: RouterGroup<MemberContext>) {
        router.get("api/state") { _, _ in try Response.json(await feed.document) }
        router.get("api/events") { request, context in try await events(request, for: context.caller) }
        router.only(.get, path: "api/state")
        router.only(.get, path: "api/events")
    }

    private func events(_ request: Request, for caller: Caller) async throws -> Response {
        let headers: HTTPFields = [.contentType: "text/event-stream"]
        guard request.method != .head else { return Response(status: .ok, headers: headers) }
        let documents = try await feed.follow().map { ByteBuffer(string: "data: ") + $0 + ByteBuffer(string: "\n\n") }
        let keepAlive = AsyncTimerSequence.repeating(every: Bounds.keepAlive).map { _ in ByteBuffer(string: ":\n\n") }
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                try await request.body.consumeWithCancellationOnInboundClose { _ in
                    for await part in merge(documents, keepAlive) {
                        if let certificate = caller.certificate, keys?.objection(to: certificate) != nil { break }
                        try await writer.write(part)
                    }
                }
                try await writer.finish(nil)
            })
    }
}

extension ByteBuffer {
    fileprivate static func + (left: ByteBuffer, right: some Sequence<UInt8>) -> ByteBuffer {
        var sum = left
        sum.writeBytes(right)
        return sum
    }

    fileprivate static func + (left: ByteBuffer, right: ByteBuffer) -> ByteBuffer { left + right.readableBytesView }
}
