import FailoverCore
import Foundation
import License
import Testing

@Suite("Files of keys and licences")
struct LicenseFileTests {
    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test("A key pair is written, only its owner reads the private key, and what it signs is verified")
    func keys() async throws {
        try await Given.withFolder { folder in
            let path = folder + "/issuer"
            try Given.issuer.write(to: path)
            #expect(try mode(path) == 0o600 && mode(path + ".pub") == 0o644)
            let read = try LicenseIssuer(path: path)
            let trusted = try TrustedIssuer(path: path + ".pub")
            #expect(read.trusted == trusted && trusted == Given.issuer.trusted)
            let license = folder + "/main.license"
            try await Given.license(by: read).write(to: license)
            #expect(try mode(license) == 0o644)
            let signed = try SignedLicense(path: license)
            try await trusted.verify(signed, source: license)
            // A file that came through a mail program.
            try Data("\r\n \(signed.token.prefix(60))\r\n\(signed.token.dropFirst(60))\r\n\r\n".utf8)
                .write(to: URL(filePath: license))
            #expect(try SignedLicense(path: license) == signed)
        }
    }

    @Test("Nothing is overwritten, and nothing is left behind", arguments: ["", ".pub"])
    func exists(_ suffix: String) async throws {
        try await Given.withFolder { folder in
            let path = folder + "/issuer"
            try Data("mine".utf8).write(to: URL(filePath: path + suffix))
            #expect(throws: LicenseError.exists(path: path + suffix)) { try Given.issuer.write(to: path) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["issuer" + suffix])
            #expect(try String(contentsOfFile: path + suffix, encoding: .utf8) == "mine")
            let signed = try await Given.license()
            #expect(throws: LicenseError.exists(path: path + suffix)) { try signed.write(to: path + suffix) }
        }
    }

    @Test("Files that are something else")
    func wrongFiles() async throws {
        try await Given.withFolder { folder in
            let path = folder + "/issuer"
            try Given.issuer.write(to: path)
            #expect(throws: LicenseError.privateKey(path: path)) { try TrustedIssuer(path: path) }
            #expect(throws: LicenseError.publicKey(path: path + ".pub")) { try LicenseIssuer(path: path + ".pub") }
            let garbage = folder + "/garbage"
            for content in [Data(), Data("-----BEGIN PUBLIC KEY-----".utf8), Data([0xFF]), Data(count: 20_000)] {
                try content.write(to: URL(filePath: garbage))
                #expect(throws: LicenseError.self) { try TrustedIssuer(path: garbage) }
                #expect(throws: LicenseError.self) { try LicenseIssuer(path: garbage) }
                #expect(throws: LicenseError.self) { try SignedLicense(path: garbage) }
            }
            // Not read to its end, which it does not have.
            #expect(throws: LicenseError.self) { try SignedLicense(path: "/dev/zero") }
            for missing in [folder + "/none", folder] {
                do throws(LicenseError) {
                    _ = try SignedLicense(path: missing)
                    Issue.record("read")
                } catch {
                    #expect(error.description.contains(missing) && error.isWrongFile)
                }
            }
            do throws(LicenseError) {
                try Given.issuer.write(to: garbage + "/issuer")
                Issue.record("written")
            } catch {
                #expect(error.description.contains("Not a directory") && !error.isWrongFile)
            }
        }
    }
}
