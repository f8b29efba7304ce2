import FailoverCore
import Foundation
import LocalSite
import Testing

/// A real site whose machines serve the panel.
struct PanelSite {
    let site: LocalSite
    /// The panels' addresses.
    let main: String
    let backup: String
    /// Of `cam-1`.
    let client: String

    static let clients = ["cam-1", "gfx-1", "audio-1"].map { MachineName($0)! }

    /// - Parameters:
    ///   - isPaired: whether the servers know each other at first.
    ///   - more: what Main is started with beside all else.
    ///   - permission: of the clients, where the site has keys.
    static func with(
        isPaired: Bool = true, permission: Int? = nil, main more: [String] = [],
        _ body: (PanelSite) async throws -> Void
    ) async throws {
        let site = try await LocalSite(returnDelay: 0.3, hasKeys: permission != nil, hasPanels: true)
        do {
            for server in [site.main, site.backup] {
                var arguments = try await site.arguments(of: server)
                if !isPaired {
                    let place = try #require(arguments.firstIndex { ["--backup", "--main"].contains($0) })
                    arguments.removeSubrange(place...place + 1)
                }
                try await site.start(server.name, arguments + (server.role == .main ? more : []))
            }
            for client in clients {
                if let permission { _ = try site.key(of: client, permission: permission) }
                try await site.startClient(client)
            }
            if isPaired { try await site.waitForHome(clients) }
            try await body(
                PanelSite(
                    site: site, main: try #require(await site.panel(of: site.main.name)),
                    backup: try #require(await site.panel(of: site.backup.name)),
                    client: try #require(await site.panel(of: clients[0]))))
        } catch {
            // What the machines themselves said of it.
            for (name, process) in await site.runs { print(name, process.lines.suffix(5)) }
            await site.end()
            throw error
        }
        await site.end()
    }

    func start(_ server: LocalSite.Server) async throws { try await site.start(server) }

    /// - Returns: the moment, in milliseconds since 1970.
    func kill(_ server: LocalSite.Server) async throws -> Double {
        let process = try #require(await site.process(of: server.name))
        let moment = Date.now.timeIntervalSince1970 * 1000
        try await process.kill()
        return moment
    }
}

extension Browser {
    /// What the site answered to the question that was agreed to: a notice, or the refusal, whose question is then closed.
    func outcomeOfQuestion(picture name: String? = nil) async throws -> String {
        try await wait(
            for:
                "!document.getElementById('question').open || document.getElementById('question-refusal').checkVisibility()"
        )
        let isOpen = try await value("document.getElementById('question').open", as: Bool.self)
        let outcome = try await text(isOpen ? "#question-refusal" : "#notices")
        if let name { try await picture(name) }
        if isOpen { try await press(Browser.escape) }
        return outcome
    }
}
