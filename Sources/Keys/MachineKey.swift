internal import Crypto
import FailoverCore

/// A machine's key: its certificate, its private key and the certificate of its site's authority, in this order in one PEM
/// file, which only its owner can read. MQTT and HTTP clients and OpenSSL take the very same file for all three.
public struct MachineKey: Sendable, Term {
    public let certificate: MachineCertificate
    /// The file's content, private key included.
    public let pem: String
    /// Whether others than its owner could read the file; see `KeyError.readableByOthers`.
    public let isReadableByOthers: Bool

    let blocks: KeyBlocks
    let issuer: AuthorityCertificate

    /// Reads the file, and checks that the private key is that of the certificate and that the authority signed it. Neither
    /// its time nor a revocation is judged here.
    ///
    /// - Throws: `KeyError.unreadable`, `.malformed` or `.siteFileNamed`.
    public init(path: String) throws(KeyError) {
        let file = try KeyFile.read(path)
        try self.init(pem: file.text, source: path, isReadableByOthers: file.isReadableByOthers)
    }

    /// - Parameter source: what is read, for the sentence when it is no key.
    /// - Throws: `KeyError.malformed` or `.siteFileNamed`.
    public init(pem: String, source: String) throws(KeyError) {
        try self.init(pem: pem, source: source, isReadableByOthers: false)
    }

    private init(pem text: String, source: String, isReadableByOthers: Bool) throws(KeyError) {
        let blocks = try KeyBlocks(text, source: source)
        if blocks.isSite, (try? AuthorityCertificate(blocks.certificate(0), source: source)) != nil {
            throw .siteFileNamed(path: source)
        }
        guard blocks.isMachineKey else {
            throw .malformed(
                source: source,
                cause: "it does not hold a certificate, its private key and its authority, in this order")
        }
        let x509 = try blocks.certificate(0)
        _ = try blocks.privateKey(1, of: x509)
        let issuer = try AuthorityCertificate(blocks.certificate(2), source: source)
        guard issuer.issued(x509) else {
            throw .malformed(source: source, cause: "the authority in it did not issue its certificate")
        }
        certificate = try MachineCertificate(x509, source: source)
        guard certificate.site == issuer.site else {
            throw .malformed(source: source, cause: "its certificate names another site than its authority")
        }
        self.blocks = blocks
        self.issuer = issuer
        self.isReadableByOthers = isReadableByOthers
        pem = blocks.pem
    }

    public var name: MachineName { certificate.name }
    public var role: KeyRole { certificate.role }
    /// See `KeyRequest.permissions`.
    public var permission: Int { certificate.permission }
    public var site: MachineName { certificate.site }
    /// The authority's id: the same for all keys of a site; see `SiteAuthority.short` for people.
    public var authority: String { issuer.id }
    public var issued: Timestamp { certificate.issued }
    public var begins: Timestamp { certificate.begins }
    public var expires: Timestamp { certificate.expires }
    /// See `MachineCertificate.addresses`.
    public var addresses: [String] { certificate.addresses }

    /// Writes a new file that only its owner reads.
    ///
    /// - Throws: `KeyError.exists` or `.unwritable`; nothing was written then.
    public func write(to path: String) throws(KeyError) { try KeyFile.create(path, pem.utf8) }

    /// Puts this key in the place of the one before it, at one moment; see `SiteAuthority.renew`.
    ///
    /// - Throws: `KeyError.unwritable`; the old key is still there then.
    public func replace(at path: String) throws(KeyError) { try KeyFile.replace(path, pem.utf8) }
}

// MARK: - What it is good for

extension MachineKey {
    /// Why it does not hold now; `nil`: it does.
    public func fault(at now: Timestamp) -> KeyError? {
        let source = "the key of \(name)"
        return switch standing(at: now) {
        case .valid: nil
        case .ended: .ended(source: source, since: expires, now: now)
        case .notYetValid: .notYetValid(source: source, from: begins, now: now)
        }
    }

    /// - Parameter source: what holds the key, for the sentence.
    /// - Throws: `KeyError.otherHolder`.
    public func checkHolder(_ machine: MachineName, source: String) throws(KeyError) {
        guard name == machine else { throw .otherHolder(source: source, holder: name, machine: machine) }
    }

    /// - Parameter source: what holds the key, for the sentence.
    /// - Throws: `KeyError.wrongRole`.
    public func checkRole(_ needed: KeyRole, source: String) throws(KeyError) {
        guard role == needed else { throw .wrongRole(source: source, role: role, needed: needed) }
    }

    /// - Returns: what the token says; `nil` when this key's authority did not sign it, or it is no revocation.
    public func verifies(_ token: String) async -> Revocation? { await issuer.verify(token) }

    /// See `MachineCertificate.isRevoked`.
    public func isRevoked(by revocation: Revocation) -> Bool { certificate.isRevoked(by: revocation) }
}

// A log must never show the private key, nor a test that fails.
extension MachineKey: CustomStringConvertible, CustomReflectable {
    public var description: String { "the key of \(name) (\(role), permission \(permission), site \(issuer.text))" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
