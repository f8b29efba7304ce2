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
                    port: site.main.port, key: key, fence: "machines/op-9/fence", dies: true, will: will
                ).run()
                #expect(answer.connected == 0)
            }
            // Wills come in the order of the deaths.
            let seen = await door.messages(until: own).filter { $0.payload == Array("will".utf8) }.map(\.topic)
            #expect(seen == [own])
        }
    }

    /// Mosquitto publishes a will without asking anybody what stands in it.
    @Test("A will is no command, and bears no properties")
    func willProperties() async throws {
        try await withIntruder { site, _, door in
            let low = try #require(try site.key(of: MachineName("low-1")!, permission: 1))
            let forged = [["understudy-permission", "3"], ["understudy-id", "cam-1/x/18446744073709551615"]]
            for will in ["commands/low-1/hub/switch", "show/low-1/will"] {
                let answer = try await PahoClient(
                    port: site.main.port, key: low, fence: "machines/low-1/fence", dies: true, will: will,
                    willPayload: #"{"to":"backup-1"}"#, willUser: forged, willResponse: "responses/low-1/x"
                ).run()
                #expect(answer.connected == 0)
            }
            let seen = await door.messages(until: "show/low-1/will")
            #expect(!seen.contains { $0.topic.hasPrefix("commands/") || $0.topic.hasPrefix("responses/") })
            let will = try #require(seen.last { $0.topic == "show/low-1/will" })
            #expect(will.userProperties.isEmpty, "\(will)")
            #expect(await site.watch.view.isActive(site.main.name, at: site.main.observed))
        }
    }

    @Test("A revoked key does nothing more, neither by a will that waits nor by a session without a connection")
    func willOfRevoked() async throws {
        try await withIntruder { site, _, door in
            let names = ["gone-1", "here-1"]
            for (name, delay) in zip(names, [3, 5]) {
                let answer = try await PahoClient(
                    port: site.main.port, key: try site.key(of: MachineName(name)!), fence: "machines/\(name)/fence",
                    dies: true, will: "cues/\(name)", willDelay: delay, expiry: 600
                ).run()
                #expect(answer.connected == 0)
            }
            let token = try await #require(site.authority).revoke(MachineName("gone-1")!, at: .now).token
            let response = try await CommandRequest(
                "keys/revoke", #"{"revocation":"\#(token)"}"#, user: "\(LocalSite.operatorName)",
                key: site.credentials?.path
            ).sent(to: site.main)
            #expect(response.status == .ok, "\(response)")
            // The other one's comes later.
            let seen = await door.messages(until: "cues/here-1")
            #expect(!seen.contains { $0.topic == "cues/gone-1" })
        }
    }

    @Test("A session that waits for its program keeps its client id")
    func waitingSession() async throws {
        try await withIntruder { site, key, door in
            let victim = try #require(try site.key(of: MachineName("gfx-1")!))
            let port = site.main.port
            _ = try await PahoClient(
                port: port, key: victim, id: "recorder", read: ["cues/#"], fence: "machines/gfx-1/fence", dies: true,
                expiry: 600
            ).run()
            let taken = try await PahoClient(port: port, key: key, id: "recorder", fence: "machines/op-9/fence").run()
            #expect(taken.connected == 135)
            let back = try await PahoClient(port: port, key: victim, id: "recorder", fence: "machines/gfx-1/fence")
                .run()
            #expect(back.connected == 0)
        }
    }

    @Test("A shared subscription takes nothing away that its reader may not see")
    func sharedSubscription() async throws {
        try await withIntruder { site, key, _ in
            let low = try #require(try site.key(of: MachineName("low-1")!, permission: 1))
            for (file, filter, isAllowed) in [
                (low, "$share/g/show/op-9/#", false), (low, "$share/g/show/low-1/#", true), (low, "$share/g/#", false),
                (key, "$share/g/show/#", true), (key, "$share/g/responses/cam-1/#", false),
                (key, "$share/g/+/x", false),
                (key, "$share/g/commands/+/hub/switch", false),
            ] {
                let outcome = try await Understudy.run(
                    "/usr/bin/mosquitto_sub",
                    [
                        "-p", "\(site.main.port)", "-V", "5", "-q", "1", "-t", filter, "-E", "--cafile", file, "--cert",
                        file,
                        "--key", file, "--insecure",
                    ])
                #expect((outcome.code == 0 && !outcome.error.contains("denied")) == isAllowed, "\(filter): \(outcome)")
            }
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
