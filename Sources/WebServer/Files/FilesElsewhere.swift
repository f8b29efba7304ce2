import AssetHub
import FailoverCore
import HTTPTypes
import HubProtocol
import Hummingbird
import MQTTSession

/// The site's files, on a server on which they do not lie: it says where they are, and why nobody may have them now.
struct FilesElsewhere: Sendable {
    let hub: Endpoint
    let feed: SiteFeed
    /// On Main, whose files cannot be opened, there is nobody else to ask.
    let isMain: Bool

    func add(to router: RouterGroup<MemberContext>) {
        for path: RouterPath in ["files", "files/**"] {
            for method: HTTPRequest.Method in [.get, .put, .delete] {
                router.on(path, method: method) { request, context in
                    try context.caller.require(FileRoutes.permission, to: "see files")
                    return try await direct(request)
                }
            }
            router.only(.get, .put, .delete, path: path)
        }
    }

    private func direct(_ request: Request) async throws -> Response {
        guard let view = await feed.view, view.reach[hub] == .reached, let files = view.hubs[hub]?.files else {
            throw Problem(.serviceUnavailable, "The hub of this server does not answer yet. Try again in a moment.")
        }
        let path =
            request.uri.path.hasPrefix(FileRoutes.prefix) ? request.uri.path.dropFirst(FileRoutes.prefix.count) : ""
        let looksOnly = request.method == .head || (request.method == .get && path.isEmpty)
        if let reason = files.reason, !looksOnly || files.url == nil || isMain {
            throw Problem(FileGate.Locked(epoch: files.epoch, reason: reason))
        }
        guard let url = files.url, !isMain else {
            throw Problem(
                .serviceUnavailable, "The Main server has not said yet where its files lie. Try again in a moment.")
        }
        let query = request.uri.query.map { "?\($0)" } ?? ""
        var response = try Problem(
            .temporaryRedirect, "The files of this site lie on the Main server, at \(url)."
        ).response
        response.headers[.location] = "\(url)\(path)\(query)"
        return response
    }
}
