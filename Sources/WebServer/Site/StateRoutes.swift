import HubClient
import Hummingbird

/// How the site stands: once, or at every change and each second as server-sent events
/// (https://html.spec.whatwg.org/multipage/server-sent-events.html). With `?changes` the event `alive` stands for a document in
/// which nothing has changed since the last one.
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
        guard request.method != .head else { return .eventStream }
        let changesOnly = request.uri.queryParameters["changes"] != nil
        return .events(try await feed.follow(changesOnly: changesOnly), to: request, of: caller, keys: keys)
    }
}
