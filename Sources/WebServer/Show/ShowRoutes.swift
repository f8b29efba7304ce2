import FailoverCore
import Foundation
import HubClient
import Hummingbird

/// Delays and routes: as events, and edited one by one.
struct ShowRoutes: Sendable {
    let feed: ShowFeed
    /// Of this machine, in whose name those act who show no certificate.
    let permission: Int
    let keys: WebKeys?

    private struct Edit: Decodable {
        /// An empty one deletes the item.
        var text: String
    }

    func add(to router: RouterGroup<MemberContext>) {
        router.get("api/show/events") { request, context in try await events(request, for: context.caller) }
        router.put("api/show/**") { request, context in
            try await edit(context.parameters.getCatchAll().joined(separator: "/"), request, of: context.caller)
        }
    }

    private func events(_ request: Request, for caller: Caller) async throws -> Response {
        guard request.method != .head else { return .eventStream }
        let isOwnOnly = permission(of: caller) < 2
        let events = try await feed.follow().compactMap { document in
            (try? JSONDocument.encode(isOwnOnly ? document.only(of: caller.name) : document))
                .map { ServerSentEvent(data: $0) }
        }
        return .events(events, to: request, of: caller, keys: keys)
    }

    private func permission(of caller: Caller) -> Int { caller.permission ?? permission }

    private func edit(_ path: String, _ request: Request, of caller: Caller) async throws -> Response {
        guard let item = ShowItem(topic: "show/\(path)") else {
            throw Problem(
                .notFound, "Edited here are /api/show/MACHINE/delays/ITEM and /api/show/MACHINE/routing/ITEM.")
        }
        // As the broker would, which takes everything from this server itself.
        guard item.machine == caller.name || permission(of: caller) >= 3 else {
            throw Problem(
                .forbidden,
                "\(caller.name) has permission \(permission(of: caller)) and edits its own items only. Those of \(item.machine) "
                    + "take permission 3.")
        }
        let body = try await request.json(upTo: Bounds.commandBody)
        guard let edit = try? JSONDecoder().decode(Edit.self, from: Data(body)) else {
            throw Problem(.badRequest, #"An edit is {"text":"…"}."#)
        }
        do {
            try await feed.publish(item, Array(edit.text.utf8))
            return try Response.json(["status": "ok"])
        } catch let error as PublishError {
            throw error.problem
        }
    }
}

extension PublishError {
    fileprivate var problem: Problem {
        switch self {
        case .invalidTopic, .tooLarge: Problem(.badRequest, "\(self)")
        case .notAuthorized: Problem(.forbidden, "\(self)")
        case .noHub, .closed: Problem(.serviceUnavailable, "\(self)")
        case .notConfirmed: Problem(.gatewayTimeout, "\(self)")
        }
    }
}
