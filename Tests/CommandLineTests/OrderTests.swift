import ChildProcess
import FailoverCore
import Foundation
import HubProtocol
import LocalSite
import Testing

/// An operator's word to a real site: by the program, and by a third party's MQTT client.
@Suite("Orders to a running site", .serialized, .timeLimit(.minutes(3)))
struct OrderTests {
    /// Both hubs are named, so that either may be down.
    private func hubs(_ site: LocalSite) -> [String] {
        ["--hub", "\(site.main.endpoint)", "--hub", "\(site.backup.endpoint)", "--user", "anna"]
    }

    private func request(_ topic: String, _ payload: String, at server: LocalSite.Server) async throws
        -> CommandResponse
    {
        let outcome = try await Understudy.run(
            "/usr/bin/mosquitto_rr",
            [
                "-p", "\(server.port)", "-V", "mqttv5", "-q", "1", "-t", "commands/anna/\(topic)", "-e",
                "responses/anna/1", "-D", "publish", "correlation-data", "42", "-m", payload, "-W", "20",
            ])
        return try CommandResponse(decoding: Array(outcome.output.utf8.dropLast()))
    }

    @Test("hub switch: everyone moves, the history says who ordered it, nobody goes home by himself; and back")
    func switchOver() async throws {
        try await withSite { site in
            for target in [site.backup, site.main] {
                let outcome = try await Understudy.run(["hub", "switch", "\(target.name)"] + hubs(site))
                #expect(outcome.code == 0 && outcome.output == "\(target.name) is active.\n", "\(outcome)")
                try await site.watch.wait(for: "everyone on \(target.name), paired again") { view in
                    view.everyone(of: [LocalSite.client, site.main.name, site.backup.name], follows: target.name)
                        && view.hubs[target.endpoint]?.pair?.mode == .paired
                        && view.hubs[target.endpoint]?.pair?.holder == target.name
                }
                for hub in await site.watch.view.hubs.values {
                    let last = hub.history?.transitions.first { $0.reason == .planned }
                    #expect(last?.by == "anna" && last?.to == target.name)
                }
                try await site.watch.wait(for: "both hubs say that anna ordered it") { view in
                    let count = target.role == .backup ? 1 : 2
                    return [site.main, site.backup].allSatisfy {
                        let commands = view.hubs[$0.endpoint]?.history?.commands ?? []
                        return commands.count { $0.command == "hub/switch" && $0.by == "anna" } == count
                    }
                }
            }
        }
    }

    @Test("After a switchover Main stays away until it was lost and is back")
    func staysAway() async throws {
        try await withSite { site in
            #expect(try await request("hub/switch", #"{"to":"backup-1"}"#, at: site.main) == .ok)
            try await site.watch.wait(for: "paired") { view in
                let pair = view.hubs[site.backup.endpoint]?.pair
                return pair?.mode == .paired && pair?.holder == site.backup.name
            }
            // Main is healthy for longer than its return delay: each heartbeat of a machine says that a second passed.
            let before = await site.watch.view.machines[LocalSite.client]?.heartbeat?.sequence ?? 0
            try await site.watch.wait(for: "three seconds") {
                $0.machines[LocalSite.client]?.heartbeat?.sequence ?? 0 >= before + 3
            }
            #expect(await site.watch.view.isActive(site.backup.name, at: site.backup.endpoint))
            try await site.process(of: site.main.name)?.kill()
            try await site.watch.wait(for: "Main lost") {
                $0.hubs[site.backup.endpoint]?.state?.missing.contains(.serverLink) == true
            }
            try await site.start(site.main)
            try await site.waitForHome([LocalSite.client])
        }
    }

    @Test("What is refused says why and what to do, with exit code 3, and changes nothing")
    func refusals() async throws {
        try await withSite { site in
            let outcome = try await Understudy.run(["hub", "switch", "nobody"] + hubs(site))
            #expect(outcome.code == 3 && outcome.error.contains("nobody is neither of the two servers"))
            #expect(try await request("hub/switch", #"{"to":"backup-1"}"#, at: site.backup).code == .notActive)
            #expect(try await request("hub/switch", #"{"too":"backup-1"}"#, at: site.main).code == .malformed)
            #expect(try await request("hub/switch", #"{"to":"a/b"}"#, at: site.main).code == .malformed)
            #expect(try await request("site/stop", "[]", at: site.main).code == .malformed)
            #expect(try await request("site/stop", "", at: site.main).code == .malformed)
            #expect(try await request("coffee/make", "{}", at: site.main).code == .malformed)
            let forced = try await Understudy.run(["hub", "switch", "mian-1", "--force"] + hubs(site))
            #expect(forced.code == 3 && forced.error.contains("mian-1 is neither"), "\(forced)")
            #expect(try await request("site/stop", "{}", at: site.backup).code == .notActive)
            // Asked twice, done once.
            #expect(try await request("hub/switch", #"{"to":"main-1"}"#, at: site.main) == .ok)
            #expect(try await request("hub/switch", #"{"to":"main-1"}"#, at: site.main) == .ok)
            try await site.waitForHome([LocalSite.client])
            #expect(await site.watch.view.machines[LocalSite.client]?.lastSwitch == nil)
        }
    }

    @Test("A retained command is refused and cleared; an answer goes only where its user may read")
    func retained() async throws {
        try await withSite { site in
            let port = ["-p", "\(site.main.port)", "-V", "mqttv5", "-q", "1"]
            let command = port + ["-t", "commands/anna/hub/switch", "-m", #"{"to":"backup-1"}"#]
            for sent in [command + ["-r"], command + ["-D", "publish", "response-topic", "show/evil"]] {
                if sent.contains("-r") {
                    _ = try await Understudy.run("/usr/bin/mosquitto_pub", sent)
                    // Its own answer comes after what was published before.
                    #expect(try await request("hub/switch", #"{"to":"main-1"}"#, at: site.main) == .ok)
                    #expect(await site.watch.view.authority?.active?.hub == site.main.name)
                } else {
                    _ = try await Understudy.run("/usr/bin/mosquitto_pub", sent)
                    try await site.watch.wait(for: "the switch") {
                        $0.isActive(site.backup.name, at: site.backup.endpoint)
                    }
                }
            }
            let left = try await Understudy.run(
                "/usr/bin/mosquitto_sub",
                ["-p", "\(site.main.port)", "-t", "commands/#", "-t", "show/evil", "-t", "hub/server", "-C", "1"])
            #expect(left.output.contains("main-1"), "nothing but hub/server is retained")
        }
    }

    @Test("Main died ALONE: the Backup alone refuses and says what it risks; --force makes it act; Main comes home")
    func force() async throws {
        try await withSite { site in
            try await site.process(of: site.backup.name)?.kill()
            try await site.watch.wait(for: "Main alone") { $0.hubs[site.main.endpoint]?.state?.phase == .alone }
            try await site.process(of: site.main.name)?.kill()
            try await site.start(site.backup)
            try await site.watch.wait(for: "the Backup waits") {
                $0.reach[site.backup.endpoint] == .reached && $0.hubs[site.backup.endpoint]?.state?.phase == .isolated
            }
            var outcome = try await Understudy.run(["hub", "switch", "backup-1"] + hubs(site))
            // For its first three seconds it asks the other server.
            #expect(outcome.code == 3 && outcome.error.contains("Try again in a moment"), "\(outcome)")
            while outcome.error.contains("Try again in a moment") {
                outcome = try await Understudy.run(["hub", "switch", "backup-1"] + hubs(site))
            }
            #expect(outcome.code == 3 && outcome.error.contains("two hubs act"), "\(outcome)")
            outcome = try await Understudy.run(["hub", "switch", "backup-1", "--force"] + hubs(site))
            #expect(outcome.code == 0, "\(outcome)")
            try await site.waitForBackup([LocalSite.client])
            #expect(await site.watch.view.authority?.history?.transitions.first?.by == "anna")
            outcome = try await Understudy.run(
                ["hub", "switch", "main-1", "--force", "--hub", "\(site.backup.endpoint)", "--user", "anna"])
            #expect(outcome.code == 4 && outcome.error.contains("main-1 cannot be reached"), "\(outcome)")
            try await site.start(site.main)
            try await site.waitForHome([LocalSite.client])
        }
    }

    @Test("A switchover to a hub that a client does not reach is refused, and may be forced")
    func clientLeftBehind() async throws {
        try await withSite { site in
            // A third party's client of the contract, on Main's hub only.
            let lonely = #"{"hubs":{"main-1":"up","backup-1":"lost"},"following":"main-1","epoch":2}"#
            let status =
                #"{"state":"online","role":"client","session":"x","address":"","version":"1","permission":3,"#
                + #""since":"2026-01-01T00:00:00.000Z"}"#
            for (item, payload) in [("links", lonely), ("status", status)] {
                _ = try await Understudy.run(
                    "/usr/bin/mosquitto_pub",
                    ["-p", "\(site.main.port)", "-q", "1", "-r", "-t", "machines/lonely/\(item)", "-m", payload])
            }
            let refused = try await Understudy.run(["hub", "switch", "backup-1"] + hubs(site))
            #expect(
                refused.code == 3 && refused.error.contains("one client does not reach the hub of backup-1 (lonely)"))
            #expect(try await Understudy.run(["hub", "switch", "backup-1", "--force"] + hubs(site)).code == 0)
            #expect(await site.watch.view.authority?.history?.transitions.first { $0.reason == .planned } != nil)
        }
    }

    @Test("site stop: both servers end with exit code 0; either may be started first in the morning")
    func siteStop() async throws {
        try await withSite { site in
            for first in [site.main, site.backup] {
                let outcome = try await Understudy.run(["site", "stop"] + hubs(site))
                #expect(outcome.code == 0 && outcome.output.contains("The site is stopped"), "\(outcome)")
                for server in [site.main, site.backup] {
                    let process = try #require(await site.process(of: server.name))
                    #expect(try await process.ended() == .exited(code: 0))
                }
                try await site.start(first)
                try await site.watch.wait(for: "\(first.name) is up") { $0.reach[first.endpoint] == .reached }
                try await site.start(first.name == site.main.name ? site.backup : site.main)
                try await site.waitForHome([LocalSite.client])
            }
        }
    }
}
