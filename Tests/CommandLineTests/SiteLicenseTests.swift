import FailoverCore
import Foundation
import HubProtocol
import License
import LocalSite
import Testing

/// What a running site says of its licences. None of it switches anything off.
@Suite("Licences of a running site", .serialized, .timeLimit(.minutes(2)))
struct SiteLicenseTests {
    /// A site with a client, whose Backup holds a licence that began so long ago, or nothing.
    ///
    /// - Parameter isPaired: both held the right one when they were paired.
    private func withBackup(
        _ type: LicenseType?, issued: Duration = .zero, days: Int = 30, isPaired: Bool = true,
        _ body: (LocalSite) async throws -> Void
    ) async throws {
        let site = try await LocalSite(returnDelay: 0.3)
        do {
            if isPaired {
                try await site.startAll(clients: [LocalSite.client])
                try await site.process(of: site.backup.name)?.kill()
            } else {
                try await site.start(site.main)
                try await site.startClient(LocalSite.client)
            }
            var arguments = try await site.arguments(of: site.backup)
            let place = try #require(arguments.firstIndex(of: "--license"))
            if let type {
                arguments[place + 1] = site.folder + "/other.license"
                try await issue(type, by: site.issuer, ago: issued, days: days).write(to: arguments[place + 1])
            } else {
                arguments.removeSubrange(place...place + 1)
            }
            try await site.start(site.backup.name, arguments)
            if isPaired { try await site.waitForHome([LocalSite.client]) }
            try await body(site)
        } catch {
            await site.end()
            throw error
        }
        await site.end()
    }

    private func issue(
        _ type: LicenseType, by issuer: LicenseIssuer, ago: Duration = .zero, days: Int = 30
    ) async throws -> SignedLicense {
        let moment = Timestamp.now.millisecondsSince1970 - Int64(ago.inMilliseconds)
        return try await issuer.issue(
            type, to: LocalSite.backupName, days: days, at: Timestamp(millisecondsSince1970: moment))
    }

    private func wait(
        for what: String, in site: LocalSite, until condition: @escaping @Sendable (HubState) -> Bool
    ) async throws {
        let hubs = site.hubs
        try await site.watch.wait(for: what) { view in
            hubs.allSatisfy { view.hubs[$0]?.state.map { $0.phase == .idle && condition($0) } ?? false }
        }
    }

    @Test("Both hold the right one: nothing to say, and every machine shows its own")
    func complete() async throws {
        try await withSite { site in
            try await wait(for: "nothing missing, no licence ends", in: site) {
                $0.ready && !$0.warnings.contains(.licenseEnding)
            }
            let outcome = try await Understudy.run(["machines", "--json", "--hub", "\(site.main.endpoint)"])
            for (machine, license) in [
                ("main-1", "server-with-failover"), ("backup-1", "server-with-failover"), ("cam-1", "client"),
            ] {
                let name = try #require(MachineName(machine))
                #expect(await site.watch.view.machines[name]?.status?.license == license)
            }
            #expect(outcome.output.contains(#""license":"client""#))
        }
    }

    @Test("The servers that name each other with their flags are no pair without licences: both say so, and Main acts")
    func notPaired() async throws {
        try await withBackup(.server, isPaired: false) { site in
            try await site.watch.wait(for: "a licence is missing, on both hubs") { view in
                site.hubs.allSatisfy { view.hubs[$0]?.state?.missing.contains(.license) ?? false }
                    && view.hubs[site.main.endpoint]?.machines[site.backup.name]?.status?.state == .online
            }
            let main = try #require(await site.watch.view.hubs[site.main.endpoint])
            #expect(main.pair?.mode == .alone && main.pair?.backup == nil && main.active?.hub == site.main.name)
            // With the right one it is.
            try await site.process(of: site.backup.name)?.kill()
            try await site.start(site.backup)
            try await site.waitForHome([LocalSite.client])
        }
    }

    @Test("A licence that begins while both servers run lets the pair begin, with nobody doing anything")
    func begins() async throws {
        try await withBackup(
            .serverWithFailover, issued: .milliseconds(-6000 - License.clockTolerance), isPaired: false
        ) { site in
            try await site.watch.wait(for: "not valid yet") {
                $0.hubs[site.main.endpoint]?.state?.missing.contains(.license) ?? false
                    && $0.hubs[site.main.endpoint]?.machines[site.backup.name]?.status?.state == .online
            }
            #expect(await site.watch.view.hubs[site.main.endpoint]?.pair?.backup == nil)
            try await site.waitForHome([LocalSite.client])
        }
    }

    @Test("The Backup holds none, or one that does not count: both hubs say that a licence is missing, and act on")
    func missing() async throws {
        try await withBackup(nil) { site in
            try await wait(for: "a licence is missing", in: site) { $0.missing.contains(.license) }
            let lines = try #require(await site.process(of: site.main.name)).lines
            #expect(lines.contains { $0.contains("backup-1 holds none") })
        }
        try await withBackup(.server) { site in
            try await wait(for: "a licence is missing", in: site) { $0.missing.contains(.license) }
            let status = await site.watch.view.machines[site.backup.name]?.status
            #expect(status?.license == "server")
        }
    }

    @Test(
        "A server starts with a licence that ended, or that begins tomorrow by its clock, and the site says so",
        arguments: [31, -1])
    func time(daysAgo: Int) async throws {
        try await withBackup(.serverWithFailover, issued: .seconds(daysAgo * 86_400)) { site in
            try await wait(for: "a licence is missing", in: site) { $0.missing.contains(.license) }
            let lines = try #require(await site.process(of: site.backup.name)).lines
            #expect(lines.contains { $0.contains("the licence of backup-1") && $0.contains("clock") })
        }
    }

    @Test("A licence ends while the show is on air: it is reported before and after, and nothing stops")
    func ends() async throws {
        // It has a few seconds left.
        try await withBackup(.serverWithFailover, issued: .seconds(86_400 - 12), days: 1) { site in
            try await wait(for: "a licence ends soon", in: site) { $0.warnings.contains(.licenseEnding) && $0.ready }
            try await wait(for: "it ended", in: site) {
                $0.missing == [.license] && !$0.warnings.contains(.licenseEnding)
            }
            // Still paired, and nobody moved.
            try await site.waitForHome([LocalSite.client])
            #expect(await site.watch.view.machines[LocalSite.client]?.lastSwitch == nil)
        }
    }

    @Test("The servers trust different issuers: each says that the other's does not count")
    func otherIssuer() async throws {
        let site = try await LocalSite(returnDelay: 0.3)
        do {
            let other = try LicenseIssuer()
            let path = site.folder + "/other"
            try other.write(to: path)
            try await issue(.serverWithFailover, by: other).write(to: path + ".license")
            var arguments = try await site.arguments(of: site.backup)
            arguments[try #require(arguments.firstIndex(of: "--license")) + 1] = path + ".license"
            arguments[try #require(arguments.firstIndex(of: "--license-issuer")) + 1] = path + ".pub"
            try await site.startAll(clients: [LocalSite.client])
            try await site.process(of: site.backup.name)?.kill()
            try await site.start(site.backup.name, arguments)
            try await wait(for: "a licence is missing", in: site) { $0.missing.contains(.license) }
            for server in [site.main, site.backup] {
                let lines = try #require(await site.process(of: server.name)).lines
                #expect(lines.contains { $0.contains("Both servers must trust the same issuer") })
            }
        } catch {
            await site.end()
            throw error
        }
        await site.end()
    }
}
