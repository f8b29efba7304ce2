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
    private let ports: [UInt16]

    static let clients = ["cam-1", "gfx-1", "audio-1"].map { MachineName($0)! }

    /// - Parameters:
    ///   - isPaired: whether the servers know each other at first.
    ///   - permission: of the clients, where the site has keys.
    static func with(
        isPaired: Bool = true, permission: Int? = nil, _ body: (PanelSite) async throws -> Void
    ) async throws {
        let site = try await LocalSite(returnDelay: 0.3, hasKeys: permission != nil)
        let ports = FreePorts.take(3)
        let panel = PanelSite(site: site, ports: ports)
        do {
            try await panel.start(site.main, isPaired: isPaired)
            try await panel.start(site.backup, isPaired: isPaired)
            for client in clients {
                let key = try site.key(of: client, permission: permission ?? 3)
                let http = client == clients[0] ? ["--http", "\(ports[2])"] : []
                try await site.start(
                    client,
                    [
                        "client", "--name", "\(client)", "--main", "\(site.main.endpoint)", "--data",
                        site.dataPath(of: client),
                    ]
                        + (key.map { ["--keys", $0] } ?? []) + http)
            }
            if isPaired { try await site.waitForHome(clients) }
            try await body(panel)
        } catch {
            await site.end()
            throw error
        }
        await site.end()
    }

    private init(site: LocalSite, ports: [UInt16]) {
        self.site = site
        self.ports = ports
        let scheme = site.authority == nil ? "http" : "https"
        main = "\(scheme)://127.0.0.1:\(ports[0])"
        backup = "\(scheme)://127.0.0.1:\(ports[1])"
        client = "http://127.0.0.1:\(ports[2])"
    }

    func start(_ server: LocalSite.Server, isPaired: Bool = true) async throws {
        var arguments = try await site.arguments(of: server)
        if !isPaired {
            let place = try #require(arguments.firstIndex { ["--backup", "--main"].contains($0) })
            arguments.removeSubrange(place...place + 1)
        }
        let port = server.role == .main ? ports[0] : ports[1]
        try await site.start(server.name, arguments + ["--http", "127.0.0.1:\(port)"])
    }

    /// - Returns: the moment, in milliseconds since 1970.
    func kill(_ server: LocalSite.Server) async throws -> Double {
        let process = try #require(await site.process(of: server.name))
        let moment = Date.now.timeIntervalSince1970 * 1000
        try await process.kill()
        return moment
    }
}
