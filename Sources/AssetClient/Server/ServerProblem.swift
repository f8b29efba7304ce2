import AssetProtocol
import Foundation

/// What a server says of a request that it did not do (RFC 9457), as far as it is read here.
struct ServerProblem: Decodable {
    var detail: String?
    /// 412: the newest version.
    var found: FileEntry?

    /// - Parameter body: of the answer; anything.
    static func error(status: Int, body: [UInt8]) -> AssetClientError {
        let problem = try? JSONDecoder().decode(Self.self, from: Data(body))
        let detail = problem?.detail ?? ""
        return switch status {
        case 412: .stale(newest: problem?.found)
        case 423: .locked(reason: detail.isEmpty ? "the server does not say why." : detail)
        case 401, 403: .refused(detail.isEmpty ? "the server refuses it (HTTP status \(status))." : detail)
        case 404: .notThere(detail.isEmpty ? "the server does not have it." : detail)
        // In a moment it may have time.
        case 503: .broken(cause: detail.isEmpty ? "the server has no time" : detail)
        default: .failed(status: status, detail)
        }
    }
}
