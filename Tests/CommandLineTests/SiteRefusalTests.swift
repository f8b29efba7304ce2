import ChildProcess
import FailoverCore
import Foundation
import HubProtocol
import LocalSite
import Testing

/// What a running site refuses (exit code 3), and what it shows.
@Suite("A running site", .serialized, .timeLimit(.minutes(2)))
struct SiteRefusalTests {
    @Test("A second client of one name is refused, and the first one is undisturbed")
    func secondClient() async throws {
        try await withSite { site in
            let before = await site.watch.view.machines[LocalSite.client]?.status
            let outcome = try await Understudy.run([
                "client", "--name", "\(LocalSite.client)", "--main", "\(site.main.endpoint)", "--data",
                site.folder + "/second",
            ])
            #expect(outcome.code == 3)
            #expect(outcome.error.contains("a machine named cam-1 is on this site already"))
            #expect(await site.watch.view.machines[LocalSite.client]?.status == before)
        }
    }

    @Test("A second Main is refused, and the running site is undisturbed", arguments: ["main-1", "main-2"])
    func secondMain(_ name: String) async throws {
        try await withSite { site in
            let ports = FreePorts.take(2)
            let outcome = try await Understudy.run([
                "server", "--role", "main", "--name", name, "--port", "\(ports[0])", "--control-port", "\(ports[1])",
                "--backup", "\(site.backup.endpoint)", "--data", site.folder + "/second",
            ])
            #expect(outcome.code == 3)
            #expect(outcome.error.contains(name == "main-1" ? "a machine named main-1" : "another main server"))
            // On a busy machine the pair may have been renewed meanwhile, which moves nobody.
            try await site.waitForHome([LocalSite.client])
            #expect(await site.watch.view.machines[LocalSite.client]?.lastSwitch == nil)
        }
    }

    @Test("A server whose peer has the same role is refused")
    func sameRole() async throws {
        try await withSite { site in
            let ports = FreePorts.take(2)
            let outcome = try await Understudy.run([
                "server", "--role", "main", "--name", "main-2", "--port", "\(ports[0])", "--control-port",
                "\(ports[1])",
                "--backup", "\(site.main.endpoint)", "--data", site.folder + "/second",
            ])
            #expect(outcome.code == 3)
            #expect(outcome.error.contains("main-1") && outcome.error.contains("is a main as well"))
        }
    }

    @Test("status and machines, for people and as JSON, from either hub")
    func statusAndMachines() async throws {
        try await withSite { site in
            for server in [site.main, site.backup] {
                let hub = ["--hub", "\(server.endpoint)"]
                var outcome = try await Understudy.run(["status"] + hub)
                #expect(outcome.code == 0 && outcome.output.contains("Backup is idle"))
                #expect(!outcome.output.contains("\u{1B}"), "colour only on a terminal")
                outcome = try await Understudy.run(["status", "--json"] + hub)
                let status = try #require(
                    JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
                #expect(status["chip"] as? String == "Backup is idle")
                #expect(status["phase"] as? String == "idle")
                #expect((status["active"] as? [String: Any])?["hub"] as? String == "main-1")
                #expect((status["pair"] as? [String: Any])?["mode"] as? String == "paired")
                outcome = try await Understudy.run(["machines"] + hub)
                for name in ["main-1", "backup-1", "cam-1"] { #expect(outcome.output.contains(name)) }
                outcome = try await Understudy.run(["machines", "--json"] + hub)
                let list = try #require(
                    JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: [[String: Any]]])
                let camera = try #require(list["machines"]?.first { $0["name"] as? String == "cam-1" })
                #expect(camera["state"] as? String == "online")
                #expect((camera["links"] as? [String: Any])?["following"] as? String == "main-1")
                #expect((0..<4000).contains(try #require(camera["heartbeatAgeMs"] as? Int)))
            }
        }
    }

    @Test("Nobody but the coordinator writes hub/#, neither as a message nor as a will, and everybody reads it")
    func hubIsProtected() async throws {
        try await withSite { site in
            for server in [site.main, site.backup] {
                let port = ["-p", "\(server.port)"]
                for version in ["mqttv5", "mqttv311"] {
                    _ = try await Understudy.run(
                        "/usr/bin/mosquitto_pub",
                        port + [
                            "-V", version, "-q", "1", "-r", "-t", "hub/active", "-m",
                            #"{"epoch":9223372036854775806,"hub":"evil","reason":"started","since":"2026-01-01T00:00:00.000Z"}"#,
                        ])
                }
                let denied = try await Understudy.run(
                    "/usr/bin/mosquitto_pub", port + ["-V", "mqttv5", "-q", "1", "-t", "hub/state", "-m", "x"])
                #expect(denied.error.contains("Not authorized"))
                let forgedWill =
                    "timeout -s KILL 0.5 mosquitto_sub -p \(server.port) -t x --will-topic hub/active --will-payload forged "
                    + "--will-retain; true"
                _ = try await Understudy.run("/bin/sh", ["-c", forgedWill])
                let read = try await Understudy.run(
                    "/usr/bin/mosquitto_sub", port + ["-t", "hub/active", "-C", "1", "-W", "5"])
                #expect(read.output.contains(#""hub":"main-1""#))
            }
        }
    }

    @Test("Nobody but a server's own coordinator speaks on its control broker in its name")
    func electionIsProtected() async throws {
        try await withSite { site in
            let denied = try await Understudy.run(
                "/usr/bin/mosquitto_pub",
                [
                    "-p", "\(site.main.controlPort)", "-V", "mqttv5", "-q", "1", "-t", "election/main-1/heartbeat",
                    "-m", "{}",
                ])
            #expect(denied.error.contains("Not authorized"))
        }
    }

    @Test("A plain MQTT client may use any other topic")
    func otherTopics() async throws {
        try await withSite { site in
            let port = ["-p", "\(site.main.port)"]
            let published = try await Understudy.run(
                "/usr/bin/mosquitto_pub", port + ["-V", "mqttv5", "-q", "1", "-r", "-t", "some/thing", "-m", "hello"])
            #expect(published.code == 0)
            let read = try await Understudy.run(
                "/usr/bin/mosquitto_sub", port + ["-t", "some/thing", "-C", "1", "-W", "5"])
            #expect(read.output == "hello\n")
        }
    }

    @Test("Malformed and hostile payloads on every topic that is read: nothing crashes, nothing is believed")
    func hostilePayloads() async throws {
        try await withSite { site in
            let payloads = [
                "", "x", "null", "[]", "{}", String(repeating: "[", count: 5000), #"{"session":1}"#,
                #"{"state":"lost","role":"client","session":"forged","address":"\u001b[2J","version":"","permission":3,"since":"2026-01-01T00:00:00.000Z"}"#,
                #"{"state":"online","role":"main","session":"forged","address":"\u001b[2J","version":"","permission":3,"since":"2000-01-01T00:00:00.000Z"}"#,
                "", "x",
            ]
            let topics = [
                "machines/cam-1/status", "machines/cam-1/heartbeat", "machines/cam-1/links", "machines/cam-1/switch",
                "machines/main-1/status", "machines/no one/status", "machines/x/y/z",
            ]
            for server in [site.main, site.backup] {
                for topic in topics {
                    for payload in payloads {
                        _ = try await Understudy.run(
                            "/usr/bin/mosquitto_pub",
                            ["-p", "\(server.port)", "-q", "1", "-r", "-t", topic, payload.isEmpty ? "-n" : "-m"]
                                + (payload.isEmpty ? [] : [payload]))
                    }
                }
                for topic in ["election/main-1/will", "election/backup-1/will", "election/x/will"] {
                    _ = try await Understudy.run(
                        "/usr/bin/mosquitto_pub", ["-p", "\(server.controlPort)", "-t", topic, "-m", payloads[1]])
                }
            }
            // A machine that reads that it is lost says that it is not.
            try await site.waitForHome([LocalSite.client])
            for name in [site.main.name, site.backup.name, LocalSite.client] {
                let process = try #require(await site.process(of: name))
                #expect(ProcessTree.isRunning(process.process))
            }
            let outcome = try await Understudy.run(["machines", "--hub", "\(site.main.endpoint)"])
            #expect(outcome.code == 0 && !outcome.output.contains("\u{1B}"))
        }
    }
}
