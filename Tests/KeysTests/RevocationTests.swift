import Crypto
import FailoverCore
import Foundation
import JWTKit
import Keys
import Testing

@Suite("Revocations")
struct RevocationTests {
    @Test("It ends every key of the machine that was issued until its moment, and no other")
    func revoke() async throws {
        let revocation = try await Given.site.revoke(Given.camera, at: Given.now)
        #expect(revocation.machine == Given.camera && revocation.until == Given.now)
        #expect(revocation.token.utf8.count <= Revocation.longestToken)
        let earlier = Timestamp(millisecondsSince1970: Given.now.millisecondsSince1970 - 1)
        let later = Timestamp(millisecondsSince1970: Given.now.millisecondsSince1970 + 1)
        #expect(try Given.client(at: earlier).isRevoked(by: revocation))
        #expect(try Given.client().isRevoked(by: revocation))
        let renewed = try Given.site.renew(Given.client(), days: 10, at: later)
        #expect(!renewed.isRevoked(by: revocation))
        #expect(try !Given.server(at: earlier).isRevoked(by: revocation))
    }

    @Test("Every machine of the site verifies it, also long after, and none of another site")
    func verify() async throws {
        let name = MachineName(String(repeating: "x", count: 64))!
        let revocation = try await Given.site.revoke(name, at: Given.now)
        #expect(try await Given.client().verifies(revocation.token) == revocation)
        #expect(try await Given.server().verifies(revocation.token) == revocation)
        let other = try SiteAuthority(name: Given.site.name, at: Given.now)
        #expect(try await Given.client(by: other).verifies(revocation.token) == nil)
    }

    @Test("What was altered is no revocation")
    func altered() async throws {
        let key = try Given.client()
        let token = try await Given.site.revoke(Given.camera, at: Given.now).token
        var bytes = Array(token.utf8)
        // The very last character carries bits that nobody reads.
        for index in 0..<bytes.count - 1 {
            let old = bytes[index]
            bytes[index] = old == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(await key.verifies(String(decoding: bytes, as: UTF8.self)) == nil, "byte \(index)")
            bytes[index] = old
        }
        for text in ["", ".", "..", "a.b.c", token + "A", token + "\n", " " + token, String(token.dropLast(4))] {
            #expect(await key.verifies(text) == nil)
        }
        let long = token + String(repeating: "A", count: Revocation.longestToken)
        #expect(await key.verifies(long) == nil)
    }

    private struct Claims: JWTPayload {
        var sub = "cam-1"
        var iat: Int64 = 0
        var until: Int64 = 5

        func verify(using algorithm: some JWTAlgorithm) {}
    }

    @Test("Only the authority's own signature, under its own id, with claims that make sense")
    func forged() async throws {
        let forger = Forger()
        let key = try MachineKey(pem: forger.key(), source: "x")
        let id = JWKIdentifier(string: key.authority)
        let sign = { (claims: Claims, kid: JWKIdentifier?) in
            try await JWTKeyCollection().add(ecdsa: ES256PrivateKey(backing: forger.key)).sign(claims, kid: kid)
        }
        #expect(try await key.verifies(sign(Claims(), id))?.until.millisecondsSince1970 == 5)
        #expect(try await key.verifies(sign(Claims(), nil)) == nil)
        #expect(try await key.verifies(sign(Claims(), JWKIdentifier(string: Given.site.id))) == nil)
        #expect(try await key.verifies(sign(Claims(sub: "a b"), id)) == nil)
        #expect(try await key.verifies(sign(Claims(until: -1), id)) == nil)
        // The authority's public key as a password, and no signature at all.
        let password = try await JWTKeyCollection()
            .add(hmac: .init(from: forger.key.publicKey.pemRepresentation), digestAlgorithm: .sha256)
            .sign(Claims(), kid: id)
        #expect(await key.verifies(password) == nil)
        let unsigned = try await JWTKeyCollection().addUnsecuredNone().sign(Claims(), kid: id)
        #expect(await key.verifies(unsigned) == nil)
    }
}
