import AssetProtocol
import FailoverCore
import Foundation
import HTTPTypes
import HubClient
import Hummingbird

/// What went wrong with a request, as programs and people read it (RFC 9457).
struct Problem: Error, Encodable {
    /// The status says it all.
    let type = "about:blank"
    let title: String
    let status: Int
    /// What, why and what to do.
    let detail: String
    /// The site's, where files are locked.
    var epoch: Epoch?
    /// Of a file that somebody else has changed: what the author of a change had, and what there is.
    var expected: FileEntry?
    var found: FileEntry?

    init(_ status: HTTPResponse.Status, _ detail: String) {
        title = status.reasonPhrase
        self.status = status.code
        self.detail = detail
    }

    var response: Response {
        get throws {
            try .json(self, status: .init(code: status, reasonPhrase: title), type: "application/problem+json")
        }
    }
}

extension Response {
    static func json(
        _ document: some Encodable, status: HTTPResponse.Status = .ok, type: String = "application/json"
    ) throws -> Response {
        json(try JSONDocument.encode(document), status: status, type: type)
    }

    static func json(
        _ bytes: [UInt8], status: HTTPResponse.Status = .ok, type: String = "application/json"
    ) -> Response {
        Response(
            status: status, headers: [.contentType: type], body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}

/// Says what went wrong, and what holds for every answer.
struct Problems: RouterMiddleware {
    func handle(
        _ request: Request, context: WebContext, next: (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            response = try await next(request, context)
        } catch let problem as Problem {
            response = try problem.response
        } catch let error as HTTPError where error.status == .notFound {
            response = try Problem(.notFound, "There is nothing at \(request.uri.path). Check the address.").response
        }
        // How the site stands changes at any time, and is nobody else's.
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        response.headers[.xContentTypeOptions] = "nosniff"
        // To HEAD, the answer to GET without its content.
        return request.method == .head ? response.createHeadResponse() : response
    }
}
