import FailoverCore
import HubProtocol
import LocalSite
import Testing

/// The panel's page and files as a browser asks for them, and a client's own HTTP, with curl.
@Suite("HTTP of the panel", .timeLimit(.minutes(2)))
struct HTTPPanelTests {
    @Test("The page may run and show nothing but its own; its files are asked for again only when they changed")
    func page() async throws {
        try await WebSite.with(keys: false) { site in
            let page = try await site.get("", ["--include"])
            #expect(page.status == 200 && page.type.hasPrefix("text/html"))
            let policy = try #require(
                page.body.split(separator: "\r\n").first { $0.hasPrefix("Content-Security-Policy: ") })
            #expect(
                policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'")
                    && !policy.contains("unsafe"))
            #expect(page.body.contains(#"data-machine="main-1" data-role="main""#) && !page.body.contains("{{"))
            #expect(!page.body.contains("<script>") && !page.body.contains("<style") && !page.body.contains("style="))

            // All that the page names is there.
            let names = page.body.matches(of: #/"/(assets/[^"]+)"/#).map { String($0.output.1) }
            #expect(names.count > 5)
            for name in names { #expect(try await site.get(name).status == 200, "\(name)") }
            let file = try await site.get("assets/panel.js", ["--include"])
            #expect(file.type.hasPrefix("text/javascript") && file.body.contains("Cache-Control: private, no-cache"))
            let tag = try #require(file.body.split(separator: "\r\n").first { $0.hasPrefix("ETag: ") }?.dropFirst(6))
            #expect(try await site.get("assets/panel.js", ["-H", "If-None-Match: \(tag)"]).status == 304)
            #expect(try await site.get("assets/panel.js", ["-H", #"If-None-Match: "older""#]).status == 200)
            #expect(try await site.get("assets/..%2fpanel.js").status == 404)
        }
        try await WebSite.with(keys: true) { site in
            #expect(try await site.get("").status == 401)
            let page = try await site.get("", as: "somebody")
            #expect(page.body.contains(#"data-user="somebody" data-permission="1""#))
        }
    }

    @Test("Edits of delays and routes: own items at every level, others at level 3; what is no edit is refused")
    func edits() async throws {
        try await WebSite.with(keys: true) { site in
            let keys = try #require(site.keys)
            for level in 1...3 { try keys.file(of: "level-\(level)", .client, permission: level) }
            func put(_ path: String, _ body: String, as caller: String, _ type: String = "application/json")
                async throws -> Answer
            {
                try await site.get(
                    "api/show/\(path)", as: caller, ["-X", "PUT", "-d", body, "-H", "Content-Type: \(type)"])
            }
            for level in 1...3 {
                let caller = "level-\(level)"
                #expect(try await put("\(caller)/delays/video", #"{"text":"1"}"#, as: caller).status == 200)
                let other = try await put("cam-1/delays/video", #"{"text":"1"}"#, as: caller)
                #expect(other.status == (level == 3 ? 200 : 403), "\(caller): \(other.body)")
            }
            for (path, body, status) in [
                ("level-3/delays", #"{"text":"1"}"#, 404), ("level-3/other/x", #"{"text":"1"}"#, 404),
                ("level-3/delays/+", #"{"text":"1"}"#, 400), ("level-3/delays/x", "garbage", 400),
            ] { #expect(try await put(path, body, as: "level-3").status == status, "\(path)") }
            #expect(try await put("level-3/delays/x", #"{"text":"1"}"#, as: "level-3", "text/plain").status == 415)
        }
    }

    @Test("A client gives commands with its own key's rights, and answers on loopback only", arguments: [2, 3])
    func client(level: Int) async throws {
        let site = try await LocalSite(returnDelay: 1, hasKeys: true, hasPanels: true)
        do {
            _ = try site.key(of: LocalSite.client, permission: level)
            try await site.startAll(clients: [LocalSite.client])
            let base = try #require(await site.panel(of: LocalSite.client))
            // It looks at the site only for this.
            let state = try await Curl.run("\(base)/api/state", []).decoded(as: SeenState.self)
            #expect(state.chip == "Backup is idle" && state.machine == LocalSite.client)
            let json = ["-H", "Content-Type: application/json", "-d", #"{"to":"backup-1"}"#]
            let foreign = try await Curl.run(
                "\(base)/api/commands/hub/switch", json + ["-H", "Origin: http://evil.example"])
            #expect(foreign.status == 403 && foreign.detail?.contains("evil.example") == true)
            #expect(try await Curl.run("\(base)/api/state", ["-H", "Host: evil.example"]).status == 421)
            let answer = try await Curl.run("\(base)/api/commands/hub/switch", json)
            let response = try answer.command
            #expect(answer.status == (level == 3 ? 200 : 403) && response.status == (level == 3 ? .ok : .refused))
            #expect(try await Curl.run("\(base)/readyz", []).status == 404)

            let beyond = try await Understudy.run([
                "client", "--name", "cam-2", "--main", "127.0.0.1", "--http", "0.0.0.0:8081",
            ])
            #expect(beyond.code == 2 && beyond.error.contains("loopback only"))
            let port = base.split(separator: ":").last ?? ""
            let taken = try await Understudy.run([
                "client", "--name", "cam-2", "--main", "127.0.0.1", "--http", "\(port)",
            ])
            #expect(taken.code == 1 && taken.error.contains("port \(port) is in use"))
        } catch {
            await site.end()
            throw error
        }
        await site.end()
    }
}
