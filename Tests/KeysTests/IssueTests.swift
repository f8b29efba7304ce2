import Crypto
import FailoverCore
import Foundation
import Keys
import Testing
import X509

@Suite("Keys that a site's authority issues")
struct IssueTests {
    @Test("A server's key says what was asked for, and is used for both sides of TLS")
    func server() throws {
        let addresses = ["10.0.0.7", "fe80::1", "hall.example", "stage_left", "localhost", "127.0.0.1", "main-1"]
        let key = try Given.server(addresses: addresses)
        #expect(key.name == Given.main && key.role == .server && key.permission == 3)
        #expect(key.site == Given.site.name && key.authority == Given.site.id)
        // Its own are in every server's key.
        #expect(key.addresses == ["10.0.0.7", "fe80::1", "hall.example", "stage_left"])
        let extensions = try certificate(key.pem).extensions
        #expect(try extensions.extendedKeyUsage.map(Array.init) == [.clientAuth, .serverAuth])
        let names = try #require(try extensions.subjectAlternativeNames)
        #expect(names.count == 8 && names.contains(.dnsName("main-1")) && names.contains(.dnsName("localhost")))
    }

    @Test("A client's key cannot pose as a hub", arguments: KeyRequest.permissions)
    func client(permission: Int) throws {
        let key = try Given.client(permission: permission)
        #expect(key.role == .client && key.permission == permission && key.addresses.isEmpty)
        let extensions = try certificate(key.pem).extensions
        #expect(try extensions.extendedKeyUsage.map(Array.init) == [.clientAuth])
        #expect(try extensions.subjectAlternativeNames.map(Array.init) == [.dnsName("cam-1")])
        #expect(try extensions.basicConstraints == .notCertificateAuthority)
        #expect(throws: KeyError.self) { try key.checkRole(.server, source: "x") }
        try key.checkRole(.client, source: "x")
    }

    @Test("What cannot stand in a key is refused with a sentence")
    func unissuable() throws {
        let proper = KeyRequest(name: Given.main, role: .server, permission: 3)
        let changes: [(inout KeyRequest) -> Void] = [
            { $0.permission = 0 }, { $0.permission = 4 }, { $0.days = 0 }, { $0.days = 3651 },
            {
                $0.role = .client
                $0.addresses = ["10.0.0.7"]
            },
            { $0.addresses = Array(repeating: "10.0.0.7", count: 65) },
            { $0.addresses = [""] }, { $0.addresses = ["10.0.0.7:1883"] }, { $0.addresses = ["10.0.0.300"] },
            { $0.addresses = ["a b"] }, { $0.addresses = ["a..b"] }, { $0.addresses = ["-a"] },
            { $0.addresses = ["fe80::1%eth0"] }, { $0.addresses = ["bühne"] },
            { $0.addresses = [String(repeating: "a", count: 64)] },
        ]
        for change in changes {
            var request = proper
            change(&request)
            do {
                _ = try Given.site.issue(request, at: Given.now)
                Issue.record("issued: \(request)")
            } catch KeyError.unissuable(let cause) {
                #expect(!cause.isEmpty)
            }
        }
    }

    @Test("The longest names: they are issued, and read again")
    func longestNames() throws {
        let longest = MachineName(String(repeating: "x_-", count: 21) + "y")!
        let site = try SiteAuthority(name: longest, at: Given.now)
        let key = try Given.server(longest, addresses: ["a.example"], by: site)
        #expect(key.name == longest && key.site == longest && key.addresses == ["a.example"])
    }

    @Test("Its times: it begins a day before its issue, and ends after its days or with the authority")
    func times() throws {
        let key = try Given.server(days: 40)
        #expect(key.issued == Given.now)
        // Certificates know whole seconds.
        let second = Timestamp(millisecondsSince1970: Given.now.millisecondsSince1970 / 1000 * 1000)
        #expect(key.begins == second.adding(days: -1) && key.expires == second.adding(days: 40))
        #expect(key.standing(at: Given.now.adding(days: -1.1)) == .notYetValid)
        #expect(key.standing(at: Given.now.adding(days: -0.9)) == .valid)
        #expect(key.standing(at: key.begins) == .valid && key.standing(at: key.expires) == .ended)
        #expect(!key.isEnding(at: Given.now.adding(days: 9.9)) && key.isEnding(at: Given.now.adding(days: 10)))
        #expect(!key.isEnding(at: key.expires) && key.daysLeft(at: key.expires) == 0)
        #expect(key.daysLeft(at: second) == 40 && key.daysLeft(at: second.adding(days: 39.5)) == 0)

        #expect(key.fault(at: Given.now) == nil)
        let ended = try #require(key.fault(at: key.expires))
        #expect(ended.description.contains("the key of main-1 ended on 2026-02-10 00:00 UTC"))
        #expect(ended.description.contains("clock of this machine says 2026-02-10 00:00 UTC") && !ended.isWrongFile)
        let early = try #require(key.fault(at: Given.now.adding(days: -2)))
        #expect(early.description.contains("begins on 2025-12-31") && early.description.contains("2025-12-30"))

        let late = Given.site.expires.adding(days: -3)
        #expect(try Given.server(days: 40, at: late).expires == Given.site.expires)
        #expect(
            throws: KeyError.authorityEnded(
                site: Given.site.name, since: late.adding(days: 3), now: late.adding(days: 4))
        ) { try Given.server(at: late.adding(days: 4)) }
    }

    @Test("The serial number's first 8 bytes are the time of issue, and the others differ")
    func serialNumber() throws {
        let serials = try (0..<2).map { _ in
            let bytes = try certificate(Given.client().pem).serialNumber.bytes
            return Array(repeating: 0, count: 16 - bytes.count) + bytes
        }
        for serial in serials {
            #expect(serial.prefix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) } == Given.now.millisecondsSince1970)
        }
        #expect(serials[0] != serials[1])
        // Until the year 9979: the authority ends before the year 10000, which certificates do not know.
        let moments: [Int64] = [1, 255, 256, 253_402_300_799_999 - 20 * 366 * 86_400_000]
        for moment in moments {
            let now = Timestamp(millisecondsSince1970: moment)
            let site = try SiteAuthority(name: Given.site.name, at: now)
            #expect(try Given.client(at: now, by: site).issued == now)
        }
    }

    @Test("The certificate alone, as a machine shows it in TLS")
    func shown() throws {
        let key = try Given.server(addresses: ["10.0.0.7"])
        let der = try #require(Data(base64Encoded: blocks(key.pem)[0].split(separator: "\n")[1...].dropLast().joined()))
        let shown = try MachineCertificate(der: Array(der), source: "x")
        #expect(shown == key.certificate && shown.name == Given.main && shown.issued == Given.now)
        #expect(throws: KeyError.self) { try MachineCertificate(der: Array(der.dropLast()), source: "x") }
        #expect(throws: KeyError.self) { try MachineCertificate(der: [], source: "x") }
    }

    @Test("The authority: 20 years, it issues nothing that could issue, and its id is over its public key")
    func authority() throws {
        try withKnownAuthority { pem, site in
            let certificate = try certificate(pem)
            #expect(try certificate.extensions.basicConstraints == .isCertificateAuthority(maxPathLength: 0))
            #expect(site.daysLeft(at: Given.now) >= 20 * 365 && site.standing(at: Given.now) == .valid)
            #expect(site.name == Given.site.name && site.issued == Given.now)
            let key = try #require(P256.Signing.PublicKey(certificate.publicKey))
            let id = SHA256.hash(data: key.derRepresentation).map { String(format: "%02x", $0) }.joined()
            #expect(site.id == id && SiteAuthority.short(id) == id.prefix(16))
        }
    }

    private func withKnownAuthority(_ body: (String, SiteAuthority) throws -> Void) throws {
        let path =
            FileManager.default.temporaryDirectory.path(percentEncoded: false)
            + "understudy-site-\(UInt32.random(in: 0 ... .max))"
        try Given.site.write(to: path)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(String(contentsOfFile: path, encoding: .utf8), SiteAuthority(path: path))
    }
}
