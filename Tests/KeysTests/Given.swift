import Crypto
import FailoverCore
import Foundation
import Keys
import SwiftASN1
import Testing
import X509

/// A site, its machines and a moment that these tests share.
enum Given {
    static let site = try! SiteAuthority(name: MachineName("arena")!, at: now)
    static let main = MachineName("main-1")!
    static let camera = MachineName("cam-1")!
    /// 2026-01-01, midnight UTC, and some milliseconds.
    static let now = Timestamp(millisecondsSince1970: 1_767_225_600_123)

    static func server(
        _ name: MachineName = main, days: Int = 365, addresses: [String] = [], at now: Timestamp = now,
        by site: SiteAuthority = site
    ) throws -> MachineKey {
        try site.issue(
            KeyRequest(name: name, role: .server, permission: 3, days: days, addresses: addresses), at: now)
    }

    static func client(
        _ name: MachineName = camera, permission: Int = 2, days: Int = 365, at now: Timestamp = now,
        by site: SiteAuthority = site
    ) throws -> MachineKey {
        try site.issue(KeyRequest(name: name, role: .client, permission: permission, days: days), at: now)
    }

    /// A folder of its own, removed afterwards.
    static func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        let folder =
            FileManager.default.temporaryDirectory.path(percentEncoded: false)
            + "understudy-keys-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try await body(folder)
    }

    static func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }
}

/// The PEM blocks of a file, each with its last line's end.
func blocks(_ pem: String) throws -> [String] {
    try PEMDocument.parseMultiple(pemString: pem).map { $0.pemString + "\n" }
}

func certificate(_ pem: String) throws -> Certificate { try Certificate(pemEncoded: try blocks(pem)[0]) }

/// An authority whose private key a test holds, so that it signs what this project's own never would.
struct Forger {
    let key = P256.Signing.PrivateKey()
    let subject = try! DistinguishedName {
        OrganizationName("arena")
        CommonName("arena authority")
    }

    func authority(isAuthority: Bool = true) throws -> String {
        try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey),
            notValidBefore: Date(timeIntervalSince1970: 1_767_000_000),
            notValidAfter: Date(timeIntervalSince1970: 2_000_000_000), issuer: subject, subject: subject,
            extensions: Certificate.Extensions {
                Critical(
                    isAuthority
                        ? BasicConstraints.isCertificateAuthority(maxPathLength: 0) : .notCertificateAuthority)
                Critical(KeyUsage(keyCertSign: true))
            }, issuerPrivateKey: .init(key)
        ).serializeAsPEM().pemString + "\n"
    }

    /// A machine's key.
    ///
    /// - Parameter serial: `nil`: a proper one.
    func key(
        site: String = "arena", units: [String] = ["server", "permission-3"], name: String = "main-1",
        serial: Certificate.SerialNumber? = nil, isAuthority: Bool = true
    ) throws -> String {
        let machine = P256.Signing.PrivateKey()
        let subject = try DistinguishedName {
            OrganizationName(site)
            for unit in units { OrganizationalUnitName(unit) }
            CommonName(name)
        }
        let proper: [UInt8] = [0, 0, 1, 0x9B, 0, 0, 0, 0] + Array(repeating: 7, count: 8)
        let certificate = try Certificate(
            version: .v3, serialNumber: serial ?? .init(bytes: proper), publicKey: .init(machine.publicKey),
            notValidBefore: Date(timeIntervalSince1970: 1_767_000_000),
            notValidAfter: Date(timeIntervalSince1970: 2_000_000_000), issuer: self.subject, subject: subject,
            extensions: Certificate.Extensions { Critical(BasicConstraints.notCertificateAuthority) },
            issuerPrivateKey: .init(key))
        return try certificate.serializeAsPEM().pemString + "\n" + machine.pemRepresentation + "\n"
            + authority(isAuthority: isAuthority)
    }
}

extension Timestamp {
    func adding(days: Double) -> Self {
        Self(millisecondsSince1970: millisecondsSince1970 + Int64(days * 86_400_000))
    }
}
