internal import Crypto
internal import SwiftASN1
internal import X509

/// The blocks of a PEM file, in their order.
struct KeyBlocks {
    private enum Kind: String {
        case certificate = "CERTIFICATE"
        case privateKey = "PRIVATE KEY"
    }

    private let documents: [PEMDocument]
    private let source: String

    init(_ text: String, source: String) throws(KeyError) {
        guard let documents = try? PEMDocument.parseMultiple(pemString: text) else {
            throw .malformed(source: source, cause: "it was cut or changed")
        }
        self.documents = documents
        self.source = source
    }

    /// Certificate, private key, authority.
    var isMachineKey: Bool { holds([.certificate, .privateKey, .certificate]) }
    /// Authority, private key.
    var isSite: Bool { holds([.certificate, .privateKey]) }

    private func holds(_ kinds: [Kind]) -> Bool { documents.map(\.discriminator) == kinds.map(\.rawValue) }

    /// The file's text without what may stand between its blocks.
    var pem: String { documents.map { $0.pemString + "\n" }.joined() }

    func pem(_ index: Int) -> String { documents[index].pemString + "\n" }

    func certificate(_ index: Int) throws(KeyError) -> Certificate {
        guard let certificate = try? Certificate(whole: documents[index].derBytes) else {
            throw .malformed(source: source, cause: "a certificate in it was cut or changed")
        }
        return certificate
    }

    /// - Parameter certificate: whose private key it must be.
    func privateKey(_ index: Int, of certificate: Certificate) throws(KeyError) -> P256.Signing.PrivateKey {
        guard let key = try? P256.Signing.PrivateKey(derRepresentation: documents[index].derBytes) else {
            throw .malformed(source: source, cause: "the private key in it was cut or changed")
        }
        guard Certificate.PublicKey(key.publicKey) == certificate.publicKey else {
            throw .malformed(source: source, cause: "the private key in it belongs to another certificate")
        }
        return key
    }
}
