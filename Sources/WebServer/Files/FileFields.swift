import AssetProtocol
import FailoverCore
import Glibc
import HTTPTypes
import Hummingbird

extension HTTPField.Name {
    static let reprDigest = Self(DigestField.name)!
    static let understudyAuthor = Self("Understudy-Author")!
    // https://datatracker.ietf.org/doc/draft-ietf-httpbis-resumable-upload/
    static let uploadComplete = Self("Upload-Complete")!
    static let uploadOffset = Self("Upload-Offset")!
    static let uploadLength = Self("Upload-Length")!
}

extension Request {
    /// Whose push or deletion it is. Without keys nobody proves who they are: a machine that passes a request on says it.
    func author(_ caller: Caller) -> MachineName {
        guard caller.certificate == nil, let name = headers[.understudyAuthor].flatMap({ MachineName($0) }) else {
            return caller.name
        }
        return name
    }
}

extension Timestamp {
    /// As `Last-Modified` has it (https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7).
    var httpDate: String {
        var seconds = time_t(millisecondsSince1970 / 1000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        // In English whatever the system speaks: this program sets no locale.
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { text in
            strftime(text.baseAddress!, text.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
            return String(cString: text.baseAddress!)
        }
    }
}
