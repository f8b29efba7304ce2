import FailoverCore
import Foundation
import HubProtocol
import Keys
import Testing

/// Who may do what over HTTP, on a site with keys, with curl and openssl.
@Suite("HTTP with keys", .timeLimit(.minutes(2)))
struct HTTPKeysTests {
    @Test("Every level sees the site, and level 3 gives commands")
    func levels() async throws {
        try await WebSite.with(keys: true) { site in
            let commands = [
                ("backup/add", #"{"address":"127.0.0.1","port":1}"#, 409), ("backup/remove", "{}", 409),
                ("hub/switch", #"{"to":"main-1"}"#, 200), ("site/stop", "{}", 200),
            ]
            for permission in 1...3 {
                let name = "level-\(permission)"
                try site.keys?.file(of: name, .client, permission: permission)
                let state = try await site.get("api/state", as: name)
                #expect(try state.status == 200 && state.decoded(as: SeenState.self).machine.description == "main-1")
                for (command, body, status) in commands {
                    let answer = try await site.post(command, body, as: name)
                    #expect(answer.status == (permission < 3 ? 403 : status), "\(name): \(command)")
                    if permission < 3 { #expect(try answer.command.code == .permissionDenied) }
                }
            }
            #expect(try await site.process.ended() == .exited(code: 0))
        }
    }

    @Test("The history names who gave a command, as the certificate says")
    func audit() async throws {
        try await WebSite.with(keys: true) { site in
            try site.keys?.file(of: "anna", .client, permission: 3)
            #expect(try await site.post("backup/remove", as: "anna").status == 409)
            let events = EventStream(site, as: "somebody")
            defer { events.stop() }
            let state = try await events.next { $0.history?.commands.isEmpty == false }
            #expect(state.history?.commands.first?.by == "anna")
        }
    }

    @Test("Without a certificate: 401 with what to do, and whether the server is well")
    func noCertificate() async throws {
        try await WebSite.with(keys: true) { site in
            for path in ["api/state", "api/events"] {
                let answer = try await site.get(path)
                #expect(answer.status == 401 && answer.detail?.contains("understudy keys add") == true)
            }
            #expect(try await site.post("hub/switch", #"{"to":"main-1"}"#).status == 401)
            #expect(try await site.get("healthz").status == 200)
            #expect(try await site.get("readyz").status == 200)
        }
    }

    @Test("In the handshake fail: a foreign certificate, an expired one, old TLS, no TLS")
    func handshake() async throws {
        try await WebSite.with(keys: true) { site in
            let keys = try #require(site.keys)
            let foreign = try WebSiteKeys(folder: site.folder, site: "foreign")
            let stranger = try foreign.file(of: "level-3", .client, permission: 3)
            let old = try keys.file(of: "old", .client, permission: 3, days: 1, at: WebSiteKeys.daysAgo(20))
            for path in [stranger, old] {
                let answer = try await Curl.run(
                    site.url("healthz"), ["--cacert", keys.path(of: "somebody"), "--cert", path])
                #expect(answer.status == nil && answer.code != 0)
            }
            #expect(try await site.get("healthz", ["--tls-max", "1.1"]).code == 35)
            #expect(try await site.get("healthz", ["--tlsv1.2", "--tls-max", "1.2"]).status == 200)
            #expect(try await site.get("healthz", ["--tlsv1.3"]).status == 200)
            let plain = try await Curl.run("http://127.0.0.1:\(site.port)/healthz", [])
            #expect(plain.status == nil && plain.code != 0)
            // The server shows a certificate of this site.
            let other = try await Curl.run(site.url("healthz"), ["--cacert", foreign.path(of: "somebody")])
            #expect(other.code == 60)
        }
    }

    @Test("A revoked key: its open event stream ends, others go on, and it gets 401")
    func revoked() async throws {
        try await WebSite.with(keys: true) { site in
            let keys = try #require(site.keys)
            try keys.file(of: "thief", .client, permission: 3)
            let (thief, other) = (EventStream(site, as: "thief"), EventStream(site, as: "somebody"))
            for events in [thief, other] { _ = try await events.next { _ in true } }
            let outcome = try await Understudy.run([
                "keys", "revoke", "thief", "--site", keys.authorityPath, "--hub", "127.0.0.1:\(site.hubPort)",
            ])
            #expect(outcome.code == 0)
            try await thief.ended()
            let answer = try await site.get("api/state", as: "thief")
            #expect(answer.status == 401 && answer.detail?.contains("was revoked") == true)
            #expect(try await site.post("hub/switch", #"{"to":"main-1"}"#, as: "thief").status == 401)
            _ = try await other.next { $0.history?.commands.first?.command == "keys/revoke" }
            other.stop()
        }
    }

    @Test("A renewed key is shown to new connections without a restart, and open ones stay")
    func renewal() async throws {
        try await WebSite.with(keys: true) { site in
            let keys = try #require(site.keys)
            let events = EventStream(site, as: "somebody")
            defer { events.stop() }
            _ = try await events.next { _ in true }
            let before = try await shownCertificate(of: site)
            let outcome = try await Understudy.run([
                "keys", "renew", keys.path(of: "main-1"), "--site", keys.authorityPath,
            ])
            #expect(outcome.code == 0)
            try await site.logs("was renewed")
            let after = try await shownCertificate(of: site)
            #expect(before.contains("BEGIN CERTIFICATE") && after.contains("BEGIN CERTIFICATE") && before != after)
            #expect(try await site.get("api/state", as: "somebody").status == 200)
            _ = try await events.next { _ in true }
        }
    }

    private func shownCertificate(of site: WebSite) async throws -> String {
        try await Understudy.run(
            "/bin/sh",
            ["-c", "openssl s_client -connect 127.0.0.1:\(site.port) </dev/null 2>/dev/null | openssl x509"]
        ).output
    }

    @Test("Pages of other origins may not use a browser's certificate")
    func origin() async throws {
        try await WebSite.with(keys: true) { site in
            try site.keys?.file(of: "anna", .client, permission: 3)
            let json = "Content-Type: application/json"
            let body = #"{"to":"main-1"}"#
            let own = "Origin: https://127.0.0.1:\(site.port)"
            #expect(try await site.post("hub/switch", body, as: "anna", [json, own]).status == 200)
            for origin in ["https://evil.example", "http://127.0.0.1:\(site.port)", "null"] {
                #expect(try await site.post("hub/switch", body, as: "anna", [json, "Origin: \(origin)"]).status == 403)
            }
            #expect(try await site.post("hub/switch", body, as: "anna", ["Content-Type: text/plain"]).status == 415)
        }
    }
}
