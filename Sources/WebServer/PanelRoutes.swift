import FailoverCore
import HTTPTypes
import Hummingbird
import NIOCore
import Panel

/// The panel's page, and what belongs to it.
struct PanelRoutes: Sendable {
    let page: PanelPage
    let options: WebServer.Options
    let hasKeys: Bool

    func add(to router: RouterGroup<MemberContext>) {
        router.get("/") { _, context in html(for: context.caller) }
        router.only(.get, path: "/")
        router.get("assets/:name") { request, context in
            guard let file = context.parameters.get("name").flatMap({ PanelFile.all[$0] }) else {
                throw Problem(.notFound, "There is nothing at \(request.uri.path). Load the panel anew.")
            }
            return Self.response(file, to: request)
        }
    }

    private func html(for caller: Caller) -> Response {
        let viewer = PanelPage.Viewer(
            machine: options.name, role: options.role, user: caller.name,
            permission: caller.permission ?? options.permission, hasKeys: options.credentials != nil)
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/html; charset=utf-8",
                .contentSecurityPolicy: PanelPage.contentSecurityPolicy,
                .referrerPolicy: "no-referrer",
            ], body: ResponseBody(byteBuffer: ByteBuffer(string: page.html(for: viewer))))
    }

    /// A browser keeps it, and asks each time whether it still holds: a server may be a newer one since.
    private static func response(_ file: PanelFile, to request: Request) -> Response {
        let headers: HTTPFields = [
            .contentType: file.contentType, .eTag: file.entityTag, .cacheControl: "private, no-cache",
        ]
        let known = request.headers[values: .ifNoneMatch].flatMap { $0.split(separator: ",") }
        if known.contains(where: { $0.drop { $0 == " " } == file.entityTag || $0.drop { $0 == " " } == "*" }) {
            return Response(status: .notModified, headers: headers)
        }
        return Response(
            status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: file.bytes)))
    }
}

extension HTTPField.Name {
    fileprivate static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
}
