internal import Crypto
import FailoverCore
import Foundation
internal import JWTKit
internal import SwiftASN1
internal import X509

/// A site's own certificate authority, which issues and revokes the keys of its machines: its certificate and its private
/// key, in one PEM file, which only its owner can read. Its place is not on a machine of the show.
public struct SiteAuthority: Sendable, Term {
    /// So long it lasts.
    private static let days = 20 * 365 + 5

    /// Whether others than its owner could read the file; see `KeyError.readableByOthers`.
    public let isReadableByOthers: Bool

    private let authority: AuthorityCertificate
    private let key: P256.Signing.PrivateKey
    private let blocks: KeyBlocks

    /// A new authority, from the system's random numbers.
    ///
    /// - Parameter name: the site's.
    public init(name: MachineName, at now: Timestamp) throws {
        let key = P256.Signing.PrivateKey()
        let subject = try DistinguishedName.authority(of: name)
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(issued: now), publicKey: .init(key.publicKey),
            notValidBefore: now.adding(days: -1).date, notValidAfter: now.adding(days: Self.days).date, issuer: subject,
            subject: subject,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: .init(key.publicKey))
            }, issuerPrivateKey: .init(key))
        let text = try certificate.serializeAsPEM().pemString + "\n" + key.pemRepresentation + "\n"
        try self.init(text, source: "the new authority", isReadableByOthers: false)
    }

    /// Reads the file, and checks that the private key is that of the certificate.
    ///
    /// - Throws: `KeyError.unreadable`, `.malformed` or `.machineKeyNamed`.
    public init(path: String) throws(KeyError) {
        let file = try KeyFile.read(path)
        try self.init(file.text, source: path, isReadableByOthers: file.isReadableByOthers)
    }

    private init(_ text: String, source: String, isReadableByOthers: Bool) throws(KeyError) {
        let blocks = try KeyBlocks(text, source: source)
        guard !blocks.isMachineKey else { throw .machineKeyNamed(path: source) }
        guard blocks.isSite else {
            throw .malformed(source: source, cause: "it does not hold an authority and its private key, in this order")
        }
        let authority = try AuthorityCertificate(blocks.certificate(0), source: source)
        key = try blocks.privateKey(1, of: authority.certificate)
        self.authority = authority
        self.blocks = blocks
        self.isReadableByOthers = isReadableByOthers
    }

    /// The site's.
    public var name: MachineName { authority.site }
    /// SHA-256 over its public key, in 64 hexadecimal digits; see `short` for people.
    public var id: String { authority.id }
    /// An authority's id as people see it: its first 16 digits.
    public static func short(_ id: String) -> String { String(id.prefix(16)) }

    /// When it was made; `nil` where the certificate does not say.
    public var issued: Timestamp? { authority.certificate.serialNumber.issued }
    public var begins: Timestamp { authority.begins }
    public var expires: Timestamp { authority.expires }

    /// Writes a new file that only its owner reads.
    ///
    /// - Throws: `KeyError.exists`, for the keys of an authority that was overwritten could be neither renewed nor revoked;
    ///   `.unwritable`. Nothing was written then.
    public func write(to path: String) throws(KeyError) { try KeyFile.create(path, blocks.pem.utf8) }

    /// A new key, which ends no later than this authority.
    ///
    /// - Throws: `KeyError.unissuable` or `.authorityEnded`.
    public func issue(_ request: KeyRequest, at now: Timestamp) throws -> MachineKey {
        try request.check()
        guard standing(at: now) != .ended else {
            throw KeyError.authorityEnded(site: name, since: expires, now: now)
        }
        let key = P256.Signing.PrivateKey()
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(issued: now), publicKey: .init(key.publicKey),
            notValidBefore: now.adding(days: -1).date,
            notValidAfter: min(now.adding(days: request.days), expires).date, issuer: authority.certificate.subject,
            subject: .machine(request, of: name), extensions: extensions(request, of: .init(key.publicKey)),
            issuerPrivateKey: .init(self.key))
        let text = try certificate.serializeAsPEM().pemString + "\n" + key.pemRepresentation + "\n" + blocks.pem(0)
        return try MachineKey(pem: text, source: "the new key of \(request.name)")
    }

    private func extensions(
        _ request: KeyRequest, of key: Certificate.PublicKey
    ) throws -> Certificate.Extensions {
        var uses = [ExtendedKeyUsage.Usage.clientAuth]
        var addresses = [KeyAddress.name(request.name.description)]
        if request.role == .server {
            uses.append(.serverAuth)
            for address in KeyAddress.loopback + request.addresses.compactMap(KeyAddress.init)
            where !addresses.contains(address) {
                addresses.append(address)
            }
        }
        return try Certificate.Extensions {
            Critical(BasicConstraints.notCertificateAuthority)
            Critical(KeyUsage(digitalSignature: true))
            try ExtendedKeyUsage(uses)
            SubjectAlternativeNames(addresses.map(\.general))
            try AuthorityKeyIdentifier(
                keyIdentifier: authority.certificate.extensions.subjectKeyIdentifier?.keyIdentifier)
            SubjectKeyIdentifier(hash: key)
        }
    }

    /// A key of the same machine with the same role, permission and addresses, and with a new private key.
    ///
    /// - Parameter days: a number in `KeyRequest.days`.
    /// - Throws: `KeyError.otherSite`, `.unissuable` or `.authorityEnded`.
    public func renew(_ key: MachineKey, days: Int, at now: Timestamp) throws -> MachineKey {
        guard key.authority == id else {
            throw KeyError.otherSite(
                source: "the key of \(key.name)", site: key.issuer.text, asked: authority.text)
        }
        return try issue(
            KeyRequest(
                name: key.name, role: key.role, permission: key.permission, days: days, addresses: key.addresses),
            at: now)
    }

    /// Ends every key of a machine that was issued until now.
    public func revoke(_ machine: MachineName, at now: Timestamp) async throws -> Revocation {
        let claims = RevocationClaims(
            sub: machine.description, iat: now.millisecondsSince1970 / 1000, until: now.millisecondsSince1970)
        let kid = JWKIdentifier(string: id)
        let token = try await JWTKeyCollection().add(ecdsa: ES256PrivateKey(backing: key), kid: kid)
            .sign(claims, kid: kid)
        guard let revocation = await authority.verify(token) else {
            throw KeyError.malformed(source: "the revocation of \(machine)", cause: "it could not be signed")
        }
        return revocation
    }
}

// A log must never show the private key, nor a test that fails.
extension SiteAuthority: CustomStringConvertible, CustomReflectable {
    public var description: String { "the authority of \(authority.text)" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
