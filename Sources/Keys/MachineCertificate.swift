import FailoverCore
internal import SwiftASN1
internal import X509

/// What an authority states of one machine. It is no secret, and a value alone proves nothing: that the authority of a site
/// issued it, TLS or `MachineKey` tells.
public struct MachineCertificate: Hashable, Sendable, Term {
    public let name: MachineName
    public let role: KeyRole
    /// See `KeyRequest.permissions`.
    public let permission: Int
    public let site: MachineName
    /// To the millisecond.
    public let issued: Timestamp
    /// From this moment on it holds: one day before its issue, to the second.
    public let begins: Timestamp
    /// From this moment on it holds no more, to the second.
    public let expires: Timestamp
    /// Under which a server is reached, besides its name and its own loopback addresses.
    public let addresses: [String]

    let certificate: Certificate

    /// Reads the certificate that a machine shows.
    ///
    /// - Parameters:
    ///   - der: the certificate as it goes over the wire.
    ///   - source: what shows it, for the sentence.
    /// - Throws: `KeyError.malformed`.
    public init(der: [UInt8], source: String) throws(KeyError) {
        guard let certificate = try? Certificate(whole: der) else {
            throw .malformed(source: source, cause: "its certificate was cut or changed")
        }
        try self.init(certificate, source: source)
    }

    init(_ certificate: Certificate, source: String) throws(KeyError) {
        let subject = certificate.subject
        guard let name = subject.machine, let site = subject.site else {
            throw .malformed(source: source, cause: "its certificate does not name a machine and its site")
        }
        guard let role = subject.role, let permission = subject.permission else {
            throw .malformed(source: source, cause: "its certificate says no role and permission that are known here")
        }
        guard let issued = certificate.serialNumber.issued else {
            throw .malformed(source: source, cause: "its certificate does not say when it was issued")
        }
        self.name = name
        self.role = role
        self.permission = permission
        self.site = site
        self.issued = issued
        begins = Timestamp(certificate.notValidBefore)
        expires = Timestamp(certificate.notValidAfter)
        let names = (try? certificate.extensions.subjectAlternativeNames).map(Array.init) ?? []
        let own = KeyAddress.loopback + [.name(name.description)]
        addresses = names.compactMap(KeyAddress.init).filter { !own.contains($0) }.map(\.text)
        self.certificate = certificate
    }

    /// Whether a revocation ends it: one of the same name, that was issued no later than the revocation says.
    public func isRevoked(by revocation: Revocation) -> Bool {
        revocation.machine == name && issued <= revocation.until
    }
}
