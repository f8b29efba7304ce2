import FailoverCore
internal import JWTKit

/// That every key of a machine that was issued until a moment counts no more: a JSON Web Token (RFC 7519) that the site's
/// authority signs with ECDSA over P-256 (ES256). It is no secret.
///
/// Values come from `SiteAuthority.revoke` and `MachineKey.verifies` only, so that each was signed.
public struct Revocation: Hashable, Sendable {
    /// Longer ones are nobody's, in bytes.
    public static let longestToken = 1024

    public let machine: MachineName
    /// The last moment of issue that it concerns.
    public let until: Timestamp
    /// Three parts in base64url, with a period between them.
    public let token: String

    init?(_ claims: RevocationClaims, token: String) {
        guard let machine = MachineName(claims.sub), claims.until >= 0 else { return nil }
        self.machine = machine
        until = Timestamp(millisecondsSince1970: claims.until)
        self.token = token
    }
}

/// A token's content.
struct RevocationClaims: JWTPayload {
    var sub: String
    /// Seconds since 1970, when it was signed.
    var iat: Int64
    /// Milliseconds since 1970: two keys may be issued within one second.
    var until: Int64

    func verify(using algorithm: some JWTAlgorithm) {}
}
