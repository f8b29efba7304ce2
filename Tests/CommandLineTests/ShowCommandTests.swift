import FailoverCore
import Foundation
import GRDB
import HubProtocol
import LocalSite
import Testing

/// `understudy publish` and `understudy subscribe`, beside programs that know nothing of Understudy.
@Suite("The show on the command line", .serialized, .timeLimit(.minutes(2)))
struct ShowCommandTests {
    private static let witness = MachineName("cam-1")!

    private func withSite(_ body: (LocalSite, [String]) async throws -> Void) async throws {
        let site = try await LocalSite(returnDelay: 0.3)
        do {
            try await site.startAll(clients: [Self.witness])
            try await body(site, site.hubs.flatMap { ["--hub", "\($0)"] })
        } catch {
            await site.end()
            throw error
        }
        await site.end()
    }

    private func mosquitto(_ program: String, _ server: LocalSite.Server, _ arguments: [String]) async throws
        -> Understudy.Outcome
    {
        try await Understudy.run(
            "/usr/bin/\(program)", ["-h", server.host, "-p", "\(server.port)", "-V", "5"] + arguments)
    }

    @Test("Programs that know no identities: their messages are copied with all that belongs to them, and read once")
    func thirdParty() async throws {
        try await withSite { site, hubs in
            let reading = Task {
                try await Understudy.run(
                    "/usr/bin/timeout", ["5", Understudy.program, "subscribe", "cues/#", "--json"] + hubs)
            }
            let sent = try await mosquitto(
                "mosquitto_pub", site.main,
                [
                    "-q", "1", "-r", "-t", "cues/next", "-m", "go", "-D", "publish", "content-type", "text/plain", "-D",
                    "publish", "user-property", "scene", "4", "-D", "publish", "message-expiry-interval", "60",
                ])
            #expect(sent.code == 0)
            let copy = try await mosquitto(
                "mosquitto_sub", site.backup, ["-t", "cues/#", "-C", "1", "-W", "5", "-F", "%t|%p|%C|%P|%E"])
            #expect(copy.output.hasPrefix("cues/next|go|text/plain|"))
            #expect(copy.output.contains("scene:4"))
            #expect(copy.output.contains("|60") || copy.output.contains("|59"))
            let lines = try await reading.value.output.split(separator: "\n")
            #expect(lines.count == 1 && lines[0].contains(#""payload":"go""#))
        }
    }

    /// As the README says.
    @Test("A persistent session lasts as long as its hub: afterwards it gets the state, and no event of the meantime")
    func persistentSession() async throws {
        try await withSite { site, _ in
            let session = ["-c", "-i", "tally", "-q", "1", "-x", "3600", "-t", "cues/#"]
            let publish = { (server: LocalSite.Server, topic: String, arguments: [String]) in
                let sent = try await mosquitto(
                    "mosquitto_pub", server, ["-q", "1", "-t", topic, "-m", topic] + arguments)
                #expect(sent.code == 0)
            }
            #expect(try await mosquitto("mosquitto_sub", site.main, session + ["-E"]).code == 0)
            try await publish(site.main, "cues/event", [])
            try await publish(site.main, "cues/state", ["-r"])
            let queued = try await mosquitto("mosquitto_sub", site.main, session + ["-W", "2", "-F", "%t %r"])
            #expect(queued.output.hasPrefix("cues/event 0\ncues/state 0\n"), "the hub kept what came meanwhile")

            try await #require(await site.process(of: site.main.name)).kill()
            try await site.waitForBackup([Self.witness])
            try await publish(site.backup, "cues/event", [])
            try await publish(site.backup, "cues/later", ["-r"])
            try await site.start(site.main)
            try await site.waitForHome([Self.witness])
            let after = try await mosquitto("mosquitto_sub", site.main, session + ["-W", "2", "-F", "%t %r"])
            #expect(Set(after.output.split(separator: "\n")) == ["cues/state 1", "cues/later 1"])
        }
    }

    @Test("A line is printed back when it is confirmed, and not when the next one comes")
    func linesAtOnce() async throws {
        try await withSite { site, hubs in
            let log = site.folder + "/lines.log"
            let script =
                "{ echo one; sleep 3; echo the input ends >&2; } 2>>\(log) | \"$0\" publish show/cam-1/x --lines \"$@\" >>\(log)"
            let outcome = try await Understudy.run("/bin/sh", ["-c", script, Understudy.program] + hubs)
            #expect(outcome.code == 0)
            #expect(try String(contentsOfFile: log, encoding: .utf8) == "one\nthe input ends\n")
        }
    }

    @Test("Lines are printed back when they are confirmed, and end on both hubs; what is no text is read as base64")
    func lines() async throws {
        try await withSite { site, hubs in
            let script = "seq 1 300 | \"$0\" publish show/cam-1/x --lines \"$@\""
            let outcome = try await Understudy.run("/bin/sh", ["-c", script, Understudy.program] + hubs)
            #expect(outcome.code == 0 && outcome.output == (1...300).map { "\($0)\n" }.joined())
            for server in [site.main, site.backup] {
                let kept = try await mosquitto("mosquitto_sub", server, ["-t", "show/#", "-C", "1", "-W", "5"])
                #expect(kept.output == "300\n")
            }
            let bytes = "printf '\\377\\000' | mosquitto_pub -h 127.0.0.1 -p \(site.main.port) -t show/cam-1/y -r -s"
            _ = try await Understudy.run("/bin/sh", ["-c", bytes])
            let read = try await Understudy.run(
                "/usr/bin/timeout", ["2", Understudy.program, "subscribe", "show/cam-1/y", "--json"] + hubs)
            #expect(read.output.contains(#""base64":"/wA=""#) && read.output.contains(#""retained":true"#))
            let plain = try await Understudy.run(
                "/usr/bin/timeout", ["2", Understudy.program, "subscribe", "show/cam-1/x"] + hubs)
            #expect(plain.output == "show/cam-1/x\t300\n")
        }
    }

    @Test("Bad input ends with a sentence and its exit code")
    func badInput() async throws {
        let nowhere = ["--hub", "127.0.0.1:\(FreePorts.take(1)[0])"]
        let cases: [([String], Int32, String)] = [
            (["publish", "show/+/x", "1"], 2, "no topic to publish on"),
            (["publish", "show/x"], 2, "a payload or --lines"),
            (["publish", "show/x", "1", "--confirm", "never"], 2, "never"),
            (["publish", "show/x", "1", "--patience", "0.3"] + nowhere, 4, "no hub could be reached within 0.3 s"),
            (["subscribe", "a/#/b"], 2, "no topic filter"),
            (["subscribe"], 2, "filters"),
        ]
        for (arguments, code, sentence) in cases {
            let outcome = try await Understudy.run(arguments)
            #expect(outcome.code == code, "\(arguments)")
            #expect(outcome.error.contains(sentence), "\(arguments): \(outcome.error)")
            #expect(outcome.output.isEmpty)
        }
        try await withSite { _, hubs in
            let outcome = try await Understudy.run(["publish", "hub/state", "1"] + hubs)
            #expect(outcome.code == 3 && outcome.error.contains("may not write hub/state"))
        }
    }

    @Test(
        "A full disk under the store: nothing is confirmed, the reason is shown, and it goes on when there is room",
        .enabled(if: geteuid() == 0, "mounts a small disk in a mount namespace, which needs root"))
    func fullDisk() async throws {
        let site = try await LocalSite(returnDelay: 0.3)
        let data = site.dataPath(of: site.main.name)
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        let ports = ["--port", "\(site.main.port)", "--control-port", "\(site.main.controlPort)"]
        let script = "mount -t tmpfs -o size=3m none \"$1\" && shift && exec \"$@\""
        let process = try await MachineProcess(
            "main-1", program: "/usr/bin/unshare",
            arguments: [
                "-m", "/bin/sh", "-c", script, "sh", data, Understudy.program, "server", "--role", "main", "--name",
                "main-1",
                "--data", data,
            ] + ports)
        do {
            try await site.watch.wait(for: "Main acts") { $0.hubs[site.main.endpoint]?.active?.hub == site.main.name }
            let hubs = ["--hub", "\(site.main.endpoint)"]
            let large = data + ".large"
            try Data(repeating: UInt8(ascii: "x"), count: 900_000).write(to: URL(filePath: large))
            let publish = "tr -d '\\n' < \(large) | \"$0\" publish show/cam-1/$1 --lines --patience 2 \"$2\" \"$3\""
            var outcome = Understudy.Outcome(code: 0, output: "", error: "")
            for number in 0..<6 where outcome.code == 0 {
                outcome = try await Understudy.run("/bin/sh", ["-c", publish, Understudy.program, "\(number)"] + hubs)
            }
            #expect(outcome.code == 1 && outcome.error.contains("no hub confirmed"))
            try await site.watch.wait(for: "the warning") {
                $0.hubs[site.main.endpoint]?.state?.warnings.contains(.diskSpace) == true
            }
            #expect(process.lines.contains { $0.contains("no space is left for the show's state") })
            let room = try await Understudy.run(
                "/usr/bin/nsenter", ["-m", "-t", "\(process.process)", "mount", "-o", "remount,size=60m", data])
            #expect(room.code == 0, "\(room.error)")
            try await site.watch.wait(for: "the end of the warning") {
                $0.hubs[site.main.endpoint]?.state?.warnings.contains(.diskSpace) == false
            }
            #expect(try await Understudy.run(["publish", "show/cam-1/last", "1"] + hubs).code == 0)
        } catch {
            Issue.record("Main said: \(process.lines.suffix(20).joined(separator: "\n"))")
            try? await process.kill()
            await site.end()
            throw error
        }
        try await process.kill()
        await site.end()
    }

    @Test("A show of a newer version is refused, and left as it is")
    func newerShow() async throws {
        try await Understudy.withFolder { folder in
            try await DatabaseQueue(path: folder + "/show.sqlite").write {
                try $0.execute(sql: "PRAGMA user_version = 99")
            }
            let ports = FreePorts.take(2)
            let outcome = try await Understudy.run([
                "server", "--role", "main", "--name", "main-1", "--port", "\(ports[0])", "--control-port",
                "\(ports[1])",
                "--data", folder,
            ])
            #expect(outcome.code == 1 && outcome.error.contains("newer version of Understudy"))
        }
    }
}
