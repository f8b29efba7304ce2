import FailoverCore
import Foundation
import License
import Testing

@Suite("Licence")
struct LicenseTests {
    @Test("What was issued is read and verified, of every type", arguments: LicenseType.allCases)
    func roundTrip(_ type: LicenseType) async throws {
        let signed = try await Given.license(type)
        let read = try SignedLicense(token: signed.token, source: "it")
        try await Given.issuer.trusted.verify(read, source: "it")
        #expect(read == signed)
        #expect(read.license.type == type && read.license.holder == Given.main)
        #expect(read.license.issued == Given.now && read.license.expires == Given.now.adding(days: 30))
        #expect(read.license.issuer == Given.issuer.trusted.id)
    }

    @Test("Another issuer's, named by its key")
    func foreignIssuer() async throws {
        let other = try LicenseIssuer()
        let signed = try await Given.license(by: other)
        await #expect(
            throws: LicenseError.foreignIssuer(
                source: "it", issuer: other.trusted.id, trusted: Given.issuer.trusted.id)
        ) { try await Given.issuer.trusted.verify(signed, source: "it") }
    }

    @Test("Whatever is changed after it was signed is found")
    func altered() async throws {
        let token = try await Given.license(.server).token
        let changes: [(inout [String: Any]) -> Void] = [
            { $0["type"] = "server-with-failover" }, { $0["sub"] = "backup-1" }, { $0["exp"] = 4_000_000_000 },
            { $0["more"] = 1 },
        ]
        for change in changes {
            let read = try SignedLicense(token: try Given.altering(token, change), source: "it")
            await #expect(throws: LicenseError.altered(source: "it")) {
                try await Given.issuer.trusted.verify(read, source: "it")
            }
        }
        // One signed by another key that claims to be this one.
        let forged = try await Given.license(by: LicenseIssuer()).token
        let read = try SignedLicense(
            token: try Given.altering(forged, part: 0) { $0["kid"] = Given.issuer.trusted.id }, source: "it")
        await #expect(throws: LicenseError.altered(source: "it")) {
            try await Given.issuer.trusted.verify(read, source: "it")
        }
    }

    @Test("What is no licence is refused with a sentence")
    func malformed() async throws {
        let token = try await Given.license().token
        let changed: [String] = try [
            Given.altering(token) { $0["exp"] = 1e300 }, Given.altering(token) { $0["exp"] = -1 },
            Given.altering(token) { $0["exp"] = Int64.max }, Given.altering(token) { $0["exp"] = $0["iat"] },
            Given.altering(token) { $0["iat"] = "today" }, Given.altering(token) { $0["sub"] = "main 1\u{1B}[2J" },
            Given.altering(token) { $0["sub"] = "" }, Given.altering(token) { $0["type"] = "boss" },
            Given.altering(token) { $0["type"] = nil }, Given.altering(token, part: 0) { $0["alg"] = "none" },
            Given.altering(token, part: 0) { $0["kid"] = "../../etc" },
            Given.altering(token, part: 0) { $0["kid"] = nil },
        ]
        let texts = [
            "", ".", "..", "a.b.c", "{}", String(token.dropFirst(20)), token + ".x", "\u{0}\u{1}", "ü",
            String(repeating: "x", count: 5000), token.replacing(".", with: ". "),
        ]
        for text in texts + changed {
            do {
                let read = try SignedLicense(token: text, source: "main.license")
                Issue.record("read as \(read.license)")
            } catch {
                #expect(error.description.hasPrefix("main.license is no licence that can be used: "))
                #expect(!error.description.contains("\u{1B}"))
            }
        }
        // Cut within the signature it is read, and found out by it.
        let cut = try SignedLicense(token: String(token.dropLast(4)), source: "it")
        await #expect(throws: LicenseError.altered(source: "it")) {
            try await Given.issuer.trusted.verify(cut, source: "it")
        }
    }

    @Test("Where the time lies, on the edges")
    func standing() async throws {
        let license = try await Given.license(days: 30).license
        let (start, end) = (Given.now.millisecondsSince1970, Given.now.adding(days: 30).millisecondsSince1970)
        let at = { Timestamp(millisecondsSince1970: $0) }
        #expect(license.standing(at: Given.now.adding(days: -1)) == .notYetValid)
        #expect(license.standing(at: at(start - License.clockTolerance - 1)) == .notYetValid)
        #expect(license.standing(at: at(start - License.clockTolerance)) == .valid)
        #expect(license.standing(at: at(end - 1)) == .valid)
        #expect(license.standing(at: at(end)) == .ended)
        #expect(!license.isEnding(at: at(end - License.noticeBeforeEnd - 1)))
        #expect(license.isEnding(at: at(end - License.noticeBeforeEnd)))
        #expect(license.isEnding(at: at(end - 1)) && !license.isEnding(at: at(end)))
        #expect(license.daysLeft(at: Given.now) == 30 && license.daysLeft(at: at(end)) == 0)
        #expect(license.standing(at: at(.max)) == .ended && license.standing(at: at(0)) == .notYetValid)
    }

    @Test("Days out of bounds are cut")
    func days() async throws {
        #expect(try await Given.license(days: 0).license.expires == Given.now.adding(days: 1))
        #expect(try await Given.license(days: .max).license.expires == Given.now.adding(days: 36_500))
    }

    @Test("A licence is for the machine that it names")
    func holder() async throws {
        let signed = try await Given.license()
        #expect(
            throws: LicenseError.otherHolder(source: "it", holder: Given.main, machine: Given.backup)
        ) { try signed.checkHolder(Given.backup, source: "it") }
        try signed.checkHolder(Given.main, source: "it")
    }
}
