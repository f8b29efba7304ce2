import FailoverCore
import Foundation
import HubProtocol
import MQTTSession
import Testing

/// The same over HTTP, and who may.
@Suite("Show files over HTTP", .serialized, .timeLimit(.minutes(1)))
struct ShowHTTPTests {
    private static let json = ["-H", "Content-Type: application/json"]

    private func save(_ site: WebSite, _ name: String, as caller: String? = nil) async throws -> Answer {
        try await site.get("show/\(name)", as: caller, ["-X", "PUT", "-d", "{}"] + Self.json)
    }

    private func load(_ site: WebSite, _ name: String, as caller: String? = nil) async throws -> Answer {
        try await site.get("show/\(name)/load", as: caller, ["-d", "{}"] + Self.json)
    }

    @Test("Saved, listed, taken away, loaded; what is wrong is said with its status")
    func http() async throws {
        try await WebSite.with(keys: false) { site in
            let door = try await BrokerDoor.open("\(site.folder)/main-1/run/hub.sock")
            let listed = { try await site.get("show").decoded(as: HubShows.self) }
            try await door.publish("show/cam-1/x", "1", retain: true)
            let saved = try await save(site, "Friday%20Night")
            #expect(saved.status == 200)
            #expect(try saved.command.message == "Friday Night is saved, with 1 item.")
            #expect(try await listed().current?.description == "Friday Night")
            let file = try await site.get("show/Friday%20Night")
            #expect(file.status == 200 && file.type == "application/json")
            #expect(file.body.contains(#""topic" : "show/cam-1/x""#) && file.body.contains(#""savedBy" : "main-1""#))

            // A browser keeps it, and never shows it.
            let taken = try await site.get("show/Friday%20Night", ["--include"])
            #expect(taken.body.contains("attachment; filename*=UTF-8''Friday%20Night.show\r\n"), "\(taken.body)")
            #expect(taken.body.contains("X-Content-Type-Options: nosniff\r\n"))

            try await door.publish("show/cam-1/x", "2", retain: true)
            try await door.publish("show/cam-1/y", "3", retain: true)
            let loaded = try await load(site, "Friday%20Night")
            #expect(loaded.status == 200, "\(loaded)")
            let kept = try await Understudy.run(
                "/usr/bin/mosquitto_sub",
                ["-p", "\(site.hubPort)", "-t", "show/#", "-F", "%t=%p", "-W", "2"])
            #expect(kept.output == "show/cam-1/x=1\n")
            #expect(try await listed().shows.map(\.isAutomatic) == [true, false])

            #expect(try await load(site, "Other").status == 404)
            #expect(try await site.get("show/Other").detail?.contains("no show file Other") == true)
            for name in ["..%2Fx", "%2Eshow", "a%00b", "%FF", "a%2Fb"] {
                for answer in [try await save(site, name), try await load(site, name)] {
                    #expect(answer.status == 400 && answer.detail?.contains("A show's name") == true, "\(answer)")
                }
            }
            #expect(try await site.get("show/x", ["-X", "PUT", "-d", "{}"]).status == 415)
            #expect(try await site.get("show/x/load").status == 405)
            let foreign = ["-X", "PUT", "-d", "{}", "-H", "Origin: http://elsewhere.example"] + Self.json
            #expect(try await site.get("show/x", foreign).status == 403)
            await door.close()
        }
    }

    @Test("Level 1 sees none, level 2 saves, level 3 loads")
    func levels() async throws {
        try await WebSite.with(keys: true) { site in
            let keys = try #require(site.keys)
            for level in 1...3 {
                let user = "level-\(level)"
                try keys.file(of: user, .client, permission: level)
                let expected = [level < 2 ? 403 : 200, level < 3 ? 403 : 200, level < 2 ? 403 : 200]
                let answers = [
                    try await save(site, "Gala", as: user), try await load(site, "Gala", as: user),
                    try await site.get("show", as: user),
                ]
                #expect(answers.map(\.status) == expected, "\(answers)")
                let key = ["--keys", keys.path(of: user), "--hub", "127.0.0.1:\(site.hubPort)"]
                let list = try await Understudy.run(["show", "list"] + key)
                #expect(list.code == (level < 2 ? 3 : 0), "\(list)")
                #expect(list.error.contains("permission 2") == (level < 2))
            }
        }
    }
}
