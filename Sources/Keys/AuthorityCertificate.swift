internal import Crypto
import FailoverCore
import HubProtocol
internal import JWTKit
internal import SwiftASN1
internal import X509

/// A site's authority by its certificate, which is no secret: whose keys and revocations count.
struct AuthorityCertificate: Sendable, Term {
    let certificate: Certificate
    let key: P256.Signing.PublicKey
    let site: MachineName

    init(_ certificate: Certificate, source: String) throws(KeyError) {
        guard let site = certificate.subject.site, let key = P256.Signing.PublicKey(certificate.publicKey) else {
            throw .malformed(source: source, cause: "its authority is none that understudy keys made")
        }
        guard case .isCertificateAuthority? = try? certificate.extensions.basicConstraints,
            let usage = try? certificate.extensions.keyUsage, usage.keyCertSign
        else { throw .malformed(source: source, cause: "what should be its authority may not issue keys") }
        self.certificate = certificate
        self.key = key
        self.site = site
        guard issued(certificate) else {
            throw .malformed(source: source, cause: "the certificate of its authority was changed")
        }
    }

    /// SHA-256 over the public key as certificates carry it (SubjectPublicKeyInfo), in 64 hexadecimal digits.
    var id: String { SHA256.hash(data: key.derRepresentation).hexadecimal }

    var begins: Timestamp { Timestamp(certificate.notValidBefore) }
    var expires: Timestamp { Timestamp(certificate.notValidAfter) }

    /// The site's name, and what tells it from another site of that name.
    var text: String { "\(site) (authority \(SiteAuthority.short(id)))" }

    /// Whether this authority signed it. Its time is judged elsewhere.
    func issued(_ other: Certificate) -> Bool {
        other.issuer == certificate.subject && certificate.publicKey.isValidSignature(other.signature, for: other)
    }

    func verify(_ token: String) async -> Revocation? {
        guard SignedToken.isOne(token, longest: Revocation.longestToken),
            let (header, _, _) = try? DefaultJWTParser().parse(Array(token.utf8), as: RevocationClaims.self),
            header.alg == "ES256", header.kid == id,
            let key = try? ES256PublicKey(backing: key),
            let claims = try? await JWTKeyCollection().add(ecdsa: key).verify(token, as: RevocationClaims.self)
        else { return nil }
        return Revocation(claims, token: token)
    }
}

extension Digest {
    fileprivate var hexadecimal: String {
        map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
