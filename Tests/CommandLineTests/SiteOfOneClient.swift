import FailoverCore
import HubProtocol
import LocalSite
import Testing

extension LocalSite {
    /// The one client of the sites in these tests.
    static let client = MachineName("cam-1")!

    /// Both hubs name both servers, and everyone is at home.
    func expectPaired() async throws {
        try await waitForHome([Self.client])
        for server in [main, backup] {
            let pair = try #require(await watch.view.hubs[server.endpoint]?.pair)
            #expect(pair.mode == .paired && pair.main?.name == main.name && pair.backup?.name == backup.name)
        }
    }
}

/// Runs `body` on a real site with one client whose pair is ready, and leaves nothing behind.
func withSite(hasKeys: Bool = false, _ body: (LocalSite) async throws -> Void) async throws {
    let site = try await LocalSite(returnDelay: 0.3, hasKeys: hasKeys)
    do {
        try await site.startAll(clients: [LocalSite.client])
        try await body(site)
    } catch {
        await site.end()
        throw error
    }
    await site.end()
}
