import FailoverCore
internal import JWTKit
import LocalState

/// Who issues licences: an Ed25519 key pair. The private key lies in one file, in PEM, which only its owner can read, and
/// the public key beside it, in a file of the same name with `.pub`.
public struct LicenseIssuer: Sendable {
    private let key: EdDSA.PrivateKey

    /// A new key pair, from the system's random numbers.
    public init() throws { key = try EdDSA.PrivateKey() }

    /// Reads the private key's file.
    ///
    /// - Throws: `LicenseError.unreadable`, `.notAPrivateKey` or `.publicKey`.
    public init(path: String) throws(LicenseError) {
        let text = try LicenseFile.read(path)
        guard !text.contains("PUBLIC KEY") else { throw .publicKey(path: path) }
        guard let key = try? EdDSA.PrivateKey(pem: text) else { throw .notAPrivateKey(path: path) }
        self.key = key
    }

    /// What others need to know of this issuer.
    public var trusted: TrustedIssuer { TrustedIssuer(key.publicKey) }

    public static func publicPath(of path: String) -> String { path + ".pub" }

    /// Writes both files anew.
    ///
    /// - Throws: `LicenseError.exists` where there is one of them already, for nobody could renew the licences of a key that
    ///   was overwritten; `.unwritable`. Nothing was written then.
    public func write(to path: String) throws(LicenseError) {
        let publicPath = Self.publicPath(of: path)
        try LicenseFile.create(path, key.pemRepresentation + "\n", isSecret: true)
        do {
            try LicenseFile.create(publicPath, trusted.pem + "\n", isSecret: false)
        } catch {
            NamedFile.remove(path)
            throw error
        }
    }

    /// - Parameter days: a number in `License.days`; others are cut to that.
    public func issue(
        _ type: LicenseType, to holder: MachineName, days: Int, at now: Timestamp
    ) async throws -> SignedLicense {
        let days = Int64(min(max(days, License.days.lowerBound), License.days.upperBound))
        let issued = now.millisecondsSince1970 / 1000
        let claims = LicenseClaims(
            sub: holder.description, type: type.rawValue, iat: issued, exp: issued + days * 86_400)
        let id = JWKIdentifier(string: trusted.id)
        let token = try await JWTKeyCollection().add(eddsa: key, kid: id).sign(claims, kid: id)
        return try SignedLicense(token: token, source: "the licence of \(holder)")
    }
}
