import AssetHub
import HTTPTypes
import HubProtocol
import Hummingbird

/// The site's files on a client, for its own panel and its own programs: Main's, with the rights of this client's key.
struct FilesThroughMain: Sendable {
    let main: WayToMain

    func add(to router: RouterGroup<MemberContext>) {
        router.get("files") { request, context in try await pass(request, context) }
        router.only(.get, path: "files")
        for method: HTTPRequest.Method in [.get, .put, .delete] {
            router.on("files/**", method: method) { request, context in try await pass(request, context) }
        }
        router.only(.get, .put, .delete, path: "files/**")
        for method: HTTPRequest.Method in [.head, .patch, .delete] {
            router.on("uploads/:name", method: method) { request, context in
                try await main.pass(request, context, by: try await main.files)
            }
        }
        router.only(.head, .patch, .delete, path: "uploads/:name")
    }

    /// While files are locked Main may be dead, and the site says why all the same.
    private func pass(_ request: Request, _ context: MemberContext) async throws -> Response {
        let files = try await main.files
        let access = request.method == .get ? files.pull : files.push
        if access == .locked, files.url != nil, !looksOnly(request) {
            throw Problem(
                FileGate.Locked(epoch: files.epoch, reason: files.reason ?? "The server does not say why."))
        }
        return try await main.pass(request, context, by: files)
    }

    /// Listings, versions, and whether there is such a file.
    private func looksOnly(_ request: Request) -> Bool {
        guard request.method == .get else { return request.method == .head }
        return request.uri.path.dropFirst(FileRoutes.prefix.count).isEmpty
            || request.uri.queryParameters["versions"] != nil
    }
}
