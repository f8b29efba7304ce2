import FailoverCore
import HubProtocol
import Keys
import LocalSite
import MQTTSession
import Testing

/// What somebody with a key of level 3 tries that is not his to do.
@Suite("Forgeries", .serialized, .timeLimit(.minutes(2)))
struct ForgeryTests {
    private static let intruder = MachineName("op-9")!

    private func withIntruder(_ body: (LocalSite, _ key: String, _ door: BrokerDoor) async throws -> Void) async throws
    {
        try await withSite(hasKeys: true) { site in
            let key = try #require(try site.key(of: Self.intruder, permission: 3))
            let door = try await BrokerDoor.open("\(site.folder)/\(site.main.name)/run/hub.sock")
            try await body(site, key, door)
            await door.close()
        }
    }

    @Test("A will is published where its author may write, and nowhere else")
    func wills() async throws {
        try await withIntruder { site, key, door in
            let forged = ["hub/active", "machines/cam-1/status", "commands/cam-1/site/stop", "responses/cam-1/x"]
            let own = "show/op-9/will"
            for will in forged + [own] {
                let answer = try await PahoClient(
                    port: site.main.port, key: key, fence: "machines/op-9/fence", will: will
                ).run()
                #expect(answer.connected == 0)
            }
            // Wills come in the order of the deaths.
            let seen = await door.messages(until: own).filter { $0.payload == Array("will".utf8) }.map(\.topic)
            #expect(seen == [own])
        }
    }

    @Test("Nobody takes the session of another machine by its client id")
    func clientIDs() async throws {
        try await withIntruder { site, key, door in
            let victim = try #require(try site.key(of: MachineName("gfx-1")!))
            let port = site.main.port
            async let watching = PahoClient(
                port: port, key: victim, id: "studio", publish: ["machines/gfx-1/ready"], read: ["cues/#"],
                fence: "cues/fence", waits: true
            ).run()
            _ = await door.messages(until: "machines/gfx-1/ready")
            for (id, version, code) in [
                ("studio", 5, 135), ("studio", 4, 5), ("gfx-1/main", 5, 135), ("gfx-1/x", 4, 5),
            ] {
                let answer = try await PahoClient(
                    port: port, key: key, id: id, version: version, fence: "machines/op-9/fence"
                ).run()
                #expect(answer.connected == code, "\(id), version \(version)")
            }
            // Its own ones, and those that nobody has.
            for id in ["op-9/x", "op-9", "gallery", ""] {
                let answer = try await PahoClient(port: port, key: key, id: id, fence: "machines/op-9/fence").run()
                #expect(answer.connected == 0, "\(id)")
            }
            try await door.publish("cues/one")
            try await door.publish("cues/fence", "fence")
            let received = try await watching.received
            #expect(received == ["cues/one"])
        }
    }

    @Test("A message bears its author's identity only, and what servers add nobody else does")
    func properties() async throws {
        try await withIntruder { site, key, _ in
            for (property, value, isAllowed) in [
                ("understudy-id", "op-9/abc/1", true), ("understudy-id", "cam-1/abc/1", false),
                ("understudy-id", "op-9x/abc/1", false), ("understudy-id", "op-/abc/1", false),
                ("understudy-origin", "main-1", false), ("understudy-snapshot", "yes", false),
                ("understudy-permission", "3", false), ("understudy-more", "x", false),
                ("understudy-confirm", "hub", true),
                ("anything", "else", true),
            ] {
                let outcome = try await Understudy.run(
                    "/usr/bin/mosquitto_pub",
                    [
                        "-p", "\(site.main.port)", "-V", "5", "-q", "1", "-t", "cues/x", "-m", "y", "--cafile", key,
                        "--cert",
                        key, "--key", key, "--insecure", "-D", "publish", "user-property", property, value,
                    ])
                #expect(outcome.error.contains("Not authorized") != isAllowed, "\(property) \(value): \(outcome)")
            }
        }
    }

    @Test("An answer goes to nobody but the one who asked")
    func responses() async throws {
        try await withIntruder { site, key, door in
            func ask(_ response: String) async throws -> Understudy.Outcome {
                try await Understudy.run(
                    "/usr/bin/mosquitto_pub",
                    [
                        "-p", "\(site.main.port)", "-V", "5", "-q", "1", "-t", "commands/op-9/hub/switch", "-m",
                        #"{"to":"nobody"}"#, "--cafile", key, "--cert", key, "--key", key, "--insecure", "-D",
                        "publish",
                        "response-topic", response,
                    ])
            }
            for response in ["responses/cam-1/x", "hub/active", "show/cam-1/x", "responses/op-9", "responses/op-99/x"] {
                let outcome = try await ask(response)
                #expect(outcome.code == 0)
            }
            // Answered after all of these.
            let outcome = try await ask("responses/op-9/x")
            #expect(outcome.code == 0)
            let answers = await door.messages(until: "responses/op-9/x").filter {
                $0.payload.contains(UInt8(ascii: "{"))
            }
            #expect(!answers.contains { $0.topic.hasPrefix("responses/cam-1") || $0.topic == "responses/op-99/x" })
            #expect(!answers.contains { $0.topic == "show/cam-1/x" || $0.topic == "responses/op-9" })
        }
    }
}
