import FailoverCore
import HubProtocol
import License
import Testing

/// Pairing is refused unless both servers hold a `server-with-failover` licence; the refusal says which one lacks it.
@Suite("Licences of a pair")
struct FailoverLicenseTests {
    private func shown(
        _ machine: MachineName, _ type: LicenseType = .serverWithFailover, days: Int = 30
    ) async throws -> ShownLicense {
        let token = try await Given.license(type, to: machine, days: days).token
        return await ShownLicense.judge(token, of: machine, trusting: Given.issuer.trusted)
    }

    @Test("Both hold one: nothing to refuse")
    func both() async throws {
        let (main, backup) = (try await shown(Given.main), try await shown(Given.backup))
        #expect(FailoverLicense.refusal(main, backup, at: Given.now) == nil)
        #expect(main.license?.type == .serverWithFailover)
    }

    @Test("One holds none, or one of another type: it is named, with what it holds")
    func missing() async throws {
        let main = try await shown(Given.main)
        let nothing = ShownLicense(Given.backup, .nothing)
        for (own, peer) in [(main, nothing), (nothing, main)] {
            let refusal = try #require(FailoverLicense.refusal(own, peer, at: Given.now))
            #expect(refusal.code == .licenseMissing && refusal.machines == [Given.backup])
            #expect(refusal.sentence.contains("backup-1 holds none") && !refusal.sentence.contains("main-1"))
        }
        for (type, title) in [(LicenseType.server, "Server"), (.client, "Client")] {
            let refusal = try #require(
                FailoverLicense.refusal(main, try await shown(Given.backup, type), at: Given.now))
            #expect(refusal.code == .licenseMissing)
            #expect(refusal.sentence.contains("backup-1 holds a \(title) licence"))
        }
    }

    @Test("One that ended, and one that has not begun: the clock may be wrong")
    func time() async throws {
        let (main, backup) = (try await shown(Given.main, days: 60), try await shown(Given.backup))
        let late = try #require(FailoverLicense.refusal(main, backup, at: Given.now.adding(days: 31)))
        #expect(late.code == .licenseExpired && late.machines == [Given.backup])
        #expect(late.sentence.contains("the licence of backup-1 ended on 2026-01-31 00:00 UTC"))
        #expect(late.sentence.contains("2026-02-01"))
        let early = try #require(FailoverLicense.refusal(main, backup, at: Given.now.adding(days: -1)))
        #expect(early.code == .licenseMissing && early.machines == [Given.main, Given.backup])
        #expect(early.sentence.contains("begins on 2026-01-01") && early.sentence.contains("Check the clock"))
    }

    @Test("Both lack one: both are named, and a missing one weighs more than one that ended")
    func bothLack() async throws {
        let ended = try await shown(Given.main, days: 1)
        let now = Given.now.adding(days: 2)
        let refusal = try #require(FailoverLicense.refusal(ended, ShownLicense(Given.backup, .nothing), at: now))
        #expect(refusal.code == .licenseMissing && refusal.machines == [Given.main, Given.backup])
        #expect(refusal.sentence.contains("main-1") && refusal.sentence.contains("backup-1"))
        let both = try #require(
            FailoverLicense.refusal(ended, try await shown(Given.backup, days: 1), at: now))
        #expect(both.code == .licenseExpired)
    }

    @Test("What another machine shows counts only when it is its own, unaltered, and of the issuer that is trusted")
    func judged() async throws {
        let trusted = Given.issuer.trusted
        let own = try await Given.license(to: Given.backup).token
        let judge = { (token: String?, issuer: TrustedIssuer?) in
            await ShownLicense.judge(token, of: Given.backup, trusting: issuer)
        }
        #expect(await judge(own, trusted).license != nil)
        #expect(await judge(nil, trusted).content == .nothing)
        #expect(await judge(own, nil).content == .nothing)
        let others = try await [
            Given.license(to: Given.main).token, Given.license(to: Given.backup, by: LicenseIssuer()).token,
            Given.altering(Given.license(.client, to: Given.backup).token) { $0["type"] = "server-with-failover" },
            "garbage", "",
        ]
        for token in others {
            let shown = await judge(token, trusted)
            guard case .refused = shown.content else {
                Issue.record("accepted: \(token)")
                continue
            }
            let refusal = FailoverLicense.refusal(try await self.shown(Given.main), shown, at: Given.now)
            #expect(refusal?.code == .licenseMissing && refusal?.machines == [Given.backup])
            #expect(refusal?.sentence.contains("the licence of backup-1") == true)
        }
    }
}
