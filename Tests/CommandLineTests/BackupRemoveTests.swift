import FailoverCore
import Foundation
import HubClient
import HubProtocol
import License
import LocalSite
import MQTTSession
import Testing

/// `backup/remove` and `backup/add` on a real site that is paired, in every phase.
@Suite("A Backup is removed while the show runs", .serialized, .timeLimit(.minutes(5)))
struct BackupRemoveTests {
    @Test(
        "Removed while idle: the pair ends, the client leaves it, no restart and no flag brings it back; it can be added again"
    )
    func removal() async throws {
        try await withSite { site in
            let epoch = try #require(await site.watch.view.authority?.active?.epoch)
            let stale = CommandRequest("backup/remove", #"{"epoch":\#(epoch.number - 2)}"#)
            #expect(try await stale.sent(to: site.main).code == .stale)
            #expect(try await CommandRequest("backup/remove", "{}").sent(to: site.backup).code == .notActive)
            let removal = CommandRequest("backup/remove", #"{"epoch":\#(epoch)}"#)
            #expect(try await removal.sent(to: site.main) == .ok)
            let isOver = { @Sendable (view: SiteView) in
                let main = view.hubs[site.main.endpoint]
                return site.hubs.allSatisfy { view.reach[$0] == .reached }
                    && main?.state?.chip == "No backup" && main?.pair?.backup == nil
                    && (main?.machines[site.backup.name]?.status?.state ?? .offline) == .offline
                    && main?.machines[LocalSite.client]?.links?.hubs.count == 1
                    && view.hubs[site.backup.endpoint]?.state?.chip == "No backup"
            }
            try await site.watch.wait(for: "the pair is over, for everyone", until: isOver)
            #expect(try await removal.sent(to: site.main) == .ok, "the same request, answered again and not done again")
            // Both are started with flags that name each other.
            for server in [site.main, site.backup] {
                try await site.process(of: server.name)?.kill()
                try await site.watch.wait(for: "\(server.name) is gone") { $0.reach[server.endpoint] != .reached }
                try await site.start(server)
                try await site.watch.wait(for: "still over", until: isOver)
            }
            #expect(try await CommandRequest.add(site.backup).sent(to: site.main) == .ok)
            do { try await site.waitForHome([LocalSite.client]) } catch {
                print(
                    await site.watch.view.hubs[site.main.endpoint]?.state as Any, await site.watch.view.machines as Any)
                for m in [site.main.name, site.backup.name, LocalSite.client] {
                    print(await site.process(of: m)!.lines.joined(separator: "\n"))
                }
                throw error
            }
            try await site.process(of: site.main.name)?.kill()
            try await site.waitForBackup([LocalSite.client])
        }
    }

    @Test("Removed while it cannot be reached: it never takes over later, and hears of it when it is back (rule 13)")
    func removalOfTheUnreachable() async throws {
        try await withSite { site in
            try await site.process(of: site.backup.name)?.kill()
            try await site.watch.wait(for: "Main alone") { $0.hubs[site.main.endpoint]?.state?.phase == .alone }
            #expect(try await CommandRequest("backup/remove", "{}").sent(to: site.main) == .ok)
            try await site.start(site.backup)
            try await site.watch.wait(for: "the Backup has heard of it") {
                $0.hubs[site.backup.endpoint]?.state?.chip == "No backup"
                    && $0.hubs[site.backup.endpoint]?.active?.hub == site.main.name
            }
            try await site.process(of: site.main.name)?.kill()
            try await site.watch.wait(for: "Main is gone") { $0.reach[site.main.endpoint] != .reached }
            // Longer than any Backup waits: three heartbeats of its own, a second each, and the start patience.
            let process = try #require(await site.process(of: site.backup.name))
            try await site.watch.wait(for: "five seconds") {
                $0.machines[site.backup.name]?.heartbeat?.sequence ?? 0 >= 5
            }
            #expect(!process.lines.contains { $0.contains("this hub is active") })
            try await site.start(site.main)
            try await site.watch.wait(for: "Main is back, alone") {
                $0.isActive(site.main.name, at: site.main.endpoint)
                    && $0.hubs[site.main.endpoint]?.state?.chip == "No backup"
            }
        }
    }

    @Test(
        "A Backup that died is replaced: the client and a program that runs find the new one, and no old flag leads back"
    )
    func replacement() async throws {
        try await withSite { site in
            let program = await HubConnection(name: MachineName("gfx-1")!, hubs: site.hubs)
            try await program.publish("show/gfx-1/a", "1".utf8)
            try await site.process(of: site.backup.name)?.kill()
            #expect(try await CommandRequest("backup/remove", "{}").sent(to: site.main) == .ok)
            // Both servers that are there are told of backup-1.
            let ports = FreePorts.take(2)
            let name = MachineName("backup-2")!
            let arguments = [
                "server", "--role", "backup", "--name", "\(name)", "--port", "\(ports[0])", "--control-port",
                "\(ports[1])",
                "--data", site.dataPath(of: name), "--license", try await site.license(.serverWithFailover, of: name),
                "--license-issuer", LicenseIssuer.publicPath(of: site.issuerPath),
            ]
            try await site.start(name, arguments)
            let endpoint = Endpoint.tcp(host: "127.0.0.1", port: ports[0])
            let isThere = await SiteWatch(hubs: [endpoint], findsOthers: false)
            try await isThere.wait(for: "backup-2 is up") { $0.hubs[endpoint]?.server != nil }
            await isThere.stop()
            let request = CommandRequest("backup/add", #"{"address":"127.0.0.1","port":\#(ports[0])}"#)
            #expect(try await request.sent(to: site.main) == .ok)
            try await site.start(site.backup)
            let isPaired = { @Sendable (view: SiteView) in
                let pair = view.hubs[site.main.endpoint]?.pair
                return view.isActive(site.main.name, at: site.main.endpoint) && pair?.mode == .paired
                    && pair?.backup?.name == name && view.everyone(of: [LocalSite.client], follows: site.main.name)
                    && view.hubs[site.main.endpoint]?.state?.warnings.contains(.noWitness) == false
            }
            try await site.watch.wait(for: "paired with backup-2", until: isPaired)
            try await program.publish("show/gfx-1/a", "2".utf8)

            try await site.process(of: site.main.name)?.kill()
            try await site.watch.wait(for: "backup-2 acts") {
                $0.isActive(name, at: endpoint) && $0.everyone(of: [LocalSite.client], follows: name)
            }
            try await program.publish("show/gfx-1/a", "3".utf8)
            #expect(await program.state.hub == name)

            // Main comes back while backup-2 is down; its flag leads to backup-1, which is up and in no pair.
            try await site.start(site.main)
            try await site.watch.wait(for: "home, paired with backup-2", until: isPaired)
            try await site.process(of: name)?.kill()
            try await site.watch.wait(for: "Main alone") { $0.hubs[site.main.endpoint]?.state?.phase == .alone }
            try await site.process(of: site.main.name)?.kill()
            try await site.start(site.main)
            try await site.watch.wait(for: "Main acts without backup-2") {
                $0.isActive(site.main.name, at: site.main.endpoint)
                    && $0.hubs[site.main.endpoint]?.state?.missing.contains(.backupUnreachable) == true
            }
            let main = try #require(await site.process(of: site.main.name))
            try await site.watch.wait(for: "two seconds, in which both addresses were tried") {
                $0.machines[site.main.name]?.heartbeat?.sequence ?? 0 >= 3
            }
            #expect(main.lines.contains { $0.contains("backup-1 answers at") })
            try await site.start(name, arguments)
            try await site.watch.wait(for: "paired with backup-2 again", until: isPaired)
            await program.close()
        }
    }

    @Test("Only the Main server of a site makes another one join, and never one that works with its own")
    func joining() async throws {
        try await withSite { site in
            let invitation = { (main: String, epoch: UInt64) in
                #"{"main":{"name":"\#(main)","address":"127.0.0.1","port":\#(site.main.port),"controlPort":\#(site.main.controlPort)},"epoch":\#(epoch)}"#
            }
            var request = CommandRequest("pair/join", invitation("main-1", .max / 4))
            #expect(try await request.sent(to: site.backup).code == .permissionDenied)
            request.user = "main-1"
            #expect(try await request.sent(to: site.backup).code == .alreadyPaired)
            request = CommandRequest("pair/join", invitation("main-9", 4_000_000_000))
            request.user = "main-9"
            #expect(try await request.sent(to: site.backup).code == .alreadyPaired)
            #expect(try await request.sent(to: site.main).code == .unknownMachine)
            try await site.expectPaired()
        }
    }

    @Test("Removed while it is active: the switch back, the pair remains; said twice, it is done once")
    func switchBack() async throws {
        try await withSite { site in
            #expect(try await CommandRequest("hub/switch", #"{"to":"backup-1"}"#).sent(to: site.main) == .ok)
            try await site.watch.wait(for: "the Backup acts, in sync") {
                $0.isActive(site.backup.name, at: site.backup.endpoint)
                    && $0.hubs[site.backup.endpoint]?.pair?.mode == .paired
                    && $0.hubs[site.backup.endpoint]?.state?.missing == []
            }
            let epoch = try #require(await site.watch.view.hubs[site.backup.endpoint]?.active?.epoch)
            #expect(try await CommandRequest("backup/remove", "{}").sent(to: site.main).code == .notActive)
            #expect(try await CommandRequest.add(site.backup).sent(to: site.backup).code == .alreadyPaired)
            let back = CommandRequest("backup/remove", #"{"epoch":\#(epoch)}"#)
            #expect(try await back.sent(to: site.backup) == .ok)
            try await site.waitForHome([LocalSite.client])
            // Again, on either hub: the pair stands.
            #expect(try await back.sent(to: site.backup) == .ok)
            #expect(try await back.sent(to: site.main).code == .stale)
            #expect(await site.watch.view.hubs[site.main.endpoint]?.pair?.mode == .paired)
        }
    }

    @Test("While Main is down the Backup that acts is not removed: there is nobody to switch back to")
    func noSwitchBack() async throws {
        try await withSite { site in
            try await site.process(of: site.main.name)?.kill()
            try await site.waitForBackup([LocalSite.client])
            let response = try await CommandRequest("backup/remove", "{}").sent(to: site.backup)
            #expect(response.code == .unreachable, "\(response)")
            #expect(try await CommandRequest.add(site.backup).sent(to: site.backup).code == .alreadyPaired)
            #expect(await site.watch.view.isActive(site.backup.name, at: site.backup.endpoint))
        }
    }

    @Test("Every command in every phase on either hub: one answer with its code, and nothing that was refused happens")
    func phases() async throws {
        try await withSite { site in
            let all = { (epoch: UInt64) in
                [
                    CommandRequest("backup/add", #"{"address":"127.0.0.1","port":\#(site.backup.port)}"#),
                    CommandRequest("backup/remove", #"{"epoch":\#(epoch)}"#),
                    CommandRequest("hub/switch", #"{"to":"backup-7"}"#), CommandRequest("site/stop", "x"),
                ]
            }
            let codes = { (server: LocalSite.Server) in
                var codes: [CommandResponse.Code?] = []
                // An epoch that is over: what it says must not be done.
                for request in all(1) { codes.append(try await request.sent(to: server).code) }
                return codes
            }
            let passive: [CommandResponse.Code?] = [.notActive, .notActive, .notActive, .malformed]
            let active: [CommandResponse.Code?] = [.alreadyPaired, .stale, .unknownMachine, .malformed]
            #expect(try await codes(site.main) == active, "idle")
            #expect(try await codes(site.backup) == passive, "idle")

            try await site.process(of: site.backup.name)?.kill()
            try await site.watch.wait(for: "alone") { $0.hubs[site.main.endpoint]?.state?.phase == .alone }
            #expect(try await codes(site.main) == active, "alone")
            try await site.start(site.backup)
            try await site.waitForHome([LocalSite.client])

            #expect(try await CommandRequest("hub/switch", #"{"to":"backup-1"}"#).sent(to: site.main) == .ok)
            try await site.waitForBackup([LocalSite.client])
            #expect(try await codes(site.backup) == active, "active")
            #expect(try await codes(site.main) == passive, "active")
            #expect(await site.watch.view.isActive(site.backup.name, at: site.backup.endpoint))

            // Main died as the only one that may act: the Backup hears nobody.
            try await site.watch.wait(for: "paired") { $0.hubs[site.backup.endpoint]?.state?.missing == [] }
            #expect(try await CommandRequest("backup/remove", "{}").sent(to: site.backup) == .ok)
            try await site.waitForHome([LocalSite.client])
            try await site.process(of: site.backup.name)?.kill()
            try await site.watch.wait(for: "alone") { $0.hubs[site.main.endpoint]?.state?.phase == .alone }
            try await site.process(of: site.main.name)?.kill()
            try await site.start(site.backup)
            try await site.watch.wait(for: "isolated, and asks no more") {
                $0.hubs[site.backup.endpoint]?.state?.phase == .isolated
                    && $0.machines[site.backup.name]?.heartbeat?.sequence ?? 0 >= 4
            }
            #expect(try await codes(site.backup) == [.notSafe, .notSafe, .notSafe, .malformed], "isolated")
        }
    }

    @Test("Commands that come during a switch: each is answered once, and the site is whole after that")
    func duringSwitch() async throws {
        try await withSite { site in
            let epoch = try #require(await site.watch.view.authority?.active?.epoch)
            async let move = CommandRequest("hub/switch", #"{"to":"backup-1"}"#).sent(to: site.main)
            async let first = CommandRequest("backup/remove", #"{"epoch":\#(epoch)}"#).sent(to: site.main)
            async let second = CommandRequest("backup/remove", #"{"epoch":\#(epoch)}"#).sent(to: site.backup)
            async let third = CommandRequest.add(site.backup).sent(to: site.main)
            let answers = try await [move, first, second, third]
            // What came first was done; the others hear why not.
            #expect(answers.count { $0 == .ok } <= 2, "\(answers)")
            for answer in answers where answer != .ok {
                #expect(
                    [.stale, .notActive, .alreadyPaired, .noBackup, .unreachable].contains(answer.code), "\(answers)")
            }
            let isRemoved = answers[1] == .ok
            try await site.watch.wait(for: "one hub acts, and the pair is as it was answered") { view in
                let active = view.authority?.active?.hub
                let pair = view.authority?.pair
                return active != nil && view.everyone(of: [LocalSite.client], follows: active!)
                    && (isRemoved ? pair?.mode != .pairing : pair?.mode == .paired)
            }
        }
    }
}
