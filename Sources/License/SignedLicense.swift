import FailoverCore
import HubProtocol
internal import JWTKit

/// A licence with its issuer's signature, as it stands in a file and goes from machine to machine: a JSON Web Token
/// (RFC 7519) that is signed with Ed25519 (RFC 8037). It is no secret.
///
/// What it says can be read without any key; that the issuer said it, only `TrustedIssuer.verify` tells.
public struct SignedLicense: Hashable, Sendable {
    /// Longer ones are nobody's, in bytes.
    public static let longestToken = 4096

    public let license: License
    /// Three parts in base64url, with a period between them.
    public let token: String

    /// - Parameter source: what is read, for the sentence when it is no licence.
    /// - Throws: `LicenseError.malformed`.
    public init(token: String, source: String) throws(LicenseError) {
        guard token.utf8.count <= Self.longestToken else {
            throw .malformed(source: source, cause: "it is longer than \(Self.longestToken) bytes")
        }
        guard SignedToken.isOne(token, longest: Self.longestToken),
            let (header, claims, _) = try? DefaultJWTParser().parse(Array(token.utf8), as: LicenseClaims.self)
        else { throw .malformed(source: source, cause: "it holds no signed licence, or was cut or changed") }
        guard header.alg == "EdDSA", let issuer = header.kid, TrustedIssuer.isID(issuer) else {
            throw .malformed(source: source, cause: "it is a token, but not one that a licence issuer signs")
        }
        guard let type = LicenseType(rawValue: claims.type) else {
            throw .malformed(source: source, cause: "this version of Understudy does not know a licence of its type")
        }
        guard let holder = MachineName(claims.sub) else {
            throw .malformed(source: source, cause: "its holder is not the name of a machine")
        }
        // Up to the year 9999.
        let times: Range<Int64> = 0..<253_402_300_800
        guard times.contains(claims.iat), times.contains(claims.exp), claims.iat < claims.exp else {
            throw .malformed(source: source, cause: "its time makes no sense")
        }
        license = License(
            type: type, holder: holder, issued: Timestamp(millisecondsSince1970: claims.iat * 1000),
            expires: Timestamp(millisecondsSince1970: claims.exp * 1000), issuer: issuer)
        self.token = token
    }

    /// - Throws: `LicenseError.unreadable` or `.malformed`.
    public init(path: String) throws(LicenseError) {
        let text = try LicenseFile.read(path)
        try self.init(token: String(text.filter { !$0.isWhitespace }), source: path)
    }

    /// Writes a new file that everybody may read.
    ///
    /// - Throws: `LicenseError.exists` or `.unwritable`; nothing was written then.
    public func write(to path: String) throws(LicenseError) {
        try LicenseFile.create(path, token + "\n", isSecret: false)
    }

    /// - Parameter source: what holds the licence, for the sentence.
    /// - Throws: `LicenseError.otherHolder`.
    public func checkHolder(_ machine: MachineName, source: String) throws(LicenseError) {
        guard license.holder == machine else {
            throw .otherHolder(source: source, holder: license.holder, machine: machine)
        }
    }
}

/// A token's content. The time is judged by `License.standing`: a licence that ended is no forgery.
struct LicenseClaims: JWTPayload {
    var sub: String
    var type: String
    /// Seconds since 1970.
    var iat: Int64
    var exp: Int64

    func verify(using algorithm: some JWTAlgorithm) {}
}
