import FailoverCore
import Foundation
import Hummingbird

/// Keeps other people's web pages from using a browser that may come in here.
struct OwnOrigin: RouterMiddleware {
    let name: MachineName
    /// Over TLS.
    let hasKeys: Bool

    func handle(
        _ request: Request, context: WebContext, next: (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        let host = request.head.authority?.lowercased() ?? ""
        // A page's own host name may lead here (DNS rebinding), and the browser would then take this server for the
        // page's. With keys, no certificate bears such a name.
        guard hasKeys || isOwn(host) else {
            throw Problem(
                .misdirectedRequest,
                "This address answers to an IP address, localhost or \(name) only. Use one of these.")
        }
        let isReading = request.method == .get || request.method == .head
        if !isReading, let origin = request.headers[.origin],
            origin.lowercased() != "\(hasKeys ? "https" : "http")://\(host)"
        {
            throw Problem(
                .forbidden, "Only this server's own pages may change something here, and \(origin) is another's.")
        }
        return try await next(request, context)
    }

    private func isOwn(_ authority: String) -> Bool {
        let host: Substring
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            host = authority[authority.index(after: authority.startIndex)..<end]
        } else {
            host = authority.prefix { $0 != ":" }
        }
        var four = in_addr()
        var six = in6_addr()
        return host == "localhost" || host == name.description.lowercased()
            || inet_pton(AF_INET, String(host), &four) == 1 || inet_pton(AF_INET6, String(host), &six) == 1
    }
}
