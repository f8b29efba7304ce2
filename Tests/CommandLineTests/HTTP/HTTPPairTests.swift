import FailoverCore
import Foundation
import HubProtocol
import LocalSite
import Testing

/// HTTP on both servers of a real site, with curl.
@Suite("HTTP of a pair", .timeLimit(.minutes(2)))
struct HTTPPairTests {
    @Test("The passive server tells who is active, the active one switches over", arguments: [false, true])
    func switchOver(hasKeys: Bool) async throws {
        try await Self.withServers(hasKeys: hasKeys) {
            try await $0.arguments(of: $1)
        } _: { site, urls in
            try await site.waitForHome([LocalSite.client])
            let shown = try Self.shown(by: site)
            for url in urls { #expect(try await Curl.run("\(url)/readyz", shown + Self.opening).status == 200) }
            let events = EventStream(["--silent", "--no-buffer"] + shown + ["\(urls[1])/api/events"])
            defer { events.stop() }
            for url in urls {
                let state = try await Curl.run("\(url)/api/state", shown).decoded(as: SeenState.self)
                #expect(state.chip == "Backup is idle" && state.ready && state.machines.count == 3)
                #expect(try await Curl.run("\(url)/readyz", shown).status == 200)
            }
            let refused = try await post("hub/switch", #"{"to":"backup-1"}"#, to: urls[1], shown)
            #expect(try refused.status == 409 && refused.command.code == .notActive)
            #expect(try await post("hub/switch", #"{"to":"backup-1"}"#, to: urls[0], shown).status == 200)
            let seen = try await events.next { $0.active?.hub == LocalSite.backupName }
            #expect(seen.machine == LocalSite.backupName)
        }
    }

    @Test("A Backup is added over HTTP, begins anew, and serves HTTP again", arguments: [false, true])
    func addition(hasKeys: Bool) async throws {
        try await Self.withServers(hasKeys: hasKeys) { site, server in
            var arguments = try await site.arguments(of: server)
            let place = try #require(arguments.firstIndex { ["--backup", "--main"].contains($0) })
            arguments.removeSubrange(place...place + 1)
            return arguments
        } _: { site, urls in
            try await site.watch.wait(for: "Main acts alone, the Backup is there") { view in
                view.isActive(site.main.name, at: site.main.endpoint) && view.reach[site.backup.endpoint] == .reached
            }
            let shown = try Self.shown(by: site)
            let address = #"{"address":"127.0.0.1","port":\#(site.backup.port)}"#
            for url in urls { #expect(try await Curl.run("\(url)/healthz", shown + Self.opening).status == 200) }
            let done = try await post("backup/add", address, to: urls[0], shown)
            #expect(try done.status == 200 && done.command == .ok, "\(done.body)")
            let events = EventStream(["--silent", "--no-buffer"] + shown + ["\(urls[1])/api/events"])
            defer { events.stop() }
            _ = try await events.next { $0.chip == "Backup is idle" }
        }
    }

    /// HTTP opens a little later than the hub, and then reads it first.
    private static let opening = ["--retry", "20", "--retry-delay", "1", "--retry-all-errors"]

    /// Both servers, each with HTTP, and a client.
    static func withServers(
        hasKeys: Bool, arguments: (LocalSite, LocalSite.Server) async throws -> [String],
        _ body: (LocalSite, _ urls: [String]) async throws -> Void
    ) async throws {
        let site = try await LocalSite(returnDelay: 1, hasKeys: hasKeys)
        do {
            let ports = FreePorts.take(2)
            for (server, port) in zip([site.main, site.backup], ports) {
                try await site.start(server.name, arguments(site, server) + ["--http", "\(port)"])
            }
            try await site.startClient(LocalSite.client)
            try await body(site, ports.map { "\(hasKeys ? "https" : "http")://127.0.0.1:\($0)" })
        } catch {
            await site.end()
            throw error
        }
        await site.end()
    }

    /// An operator's key of level 3.
    private static func shown(by site: LocalSite) throws -> [String] {
        guard let path = site.credentials?.path else { return [] }
        return ["--cacert", path, "--cert", path]
    }

    private func post(_ command: String, _ body: String, to url: String, _ shown: [String]) async throws -> Answer {
        try await Curl.run(
            "\(url)/api/commands/\(command)", shown + ["-H", "Content-Type: application/json", "-d", body])
    }
}
