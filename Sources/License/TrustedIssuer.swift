import Foundation
internal import JWTKit

/// An issuer by its public key: whose licences are accepted.
public struct TrustedIssuer: Hashable, Sendable {
    private let key: EdDSA.PublicKey

    /// The public key itself in base64url, 43 characters.
    public var id: String { key.rawRepresentation.base64URL }

    init(_ key: EdDSA.PublicKey) { self.key = key }

    /// Reads the public key's file, in PEM.
    ///
    /// - Throws: `LicenseError.unreadable`, `.notAPublicKey`, or `.privateKey`: a private key has no place on a server.
    public init(path: String) throws(LicenseError) {
        let text = try LicenseFile.read(path)
        guard !text.contains("PRIVATE KEY") else { throw .privateKey(path: path) }
        guard let key = try? EdDSA.PublicKey(pem: text) else { throw .notAPublicKey(path: path) }
        self.init(key)
    }

    var pem: String { key.pemRepresentation }

    /// Whether this issuer signed the licence. Its holder and its time are judged elsewhere.
    ///
    /// - Parameter source: what holds the licence, for the sentence.
    /// - Throws: `LicenseError.foreignIssuer` or `.altered`.
    public func verify(_ signed: SignedLicense, source: String) async throws(LicenseError) {
        guard signed.license.issuer == id else {
            throw .foreignIssuer(source: source, issuer: signed.license.issuer, trusted: id)
        }
        do {
            _ = try await JWTKeyCollection().add(eddsa: key).verify(signed.token, as: LicenseClaims.self)
        } catch {
            throw .altered(source: source)
        }
    }

    static func isID(_ text: String) -> Bool {
        text.utf8.count == 43 && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) }
    }

    public static func == (left: Self, right: Self) -> Bool { left.id == right.id }
    public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

extension Data {
    fileprivate var base64URL: String {
        base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
