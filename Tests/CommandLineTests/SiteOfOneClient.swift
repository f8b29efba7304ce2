import FailoverCore
import HubProtocol
import License
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

    /// A server that is none of this site's, with a licence of the same issuer; it is up when this returns.
    @discardableResult
    func startOther(_ name: String, _ role: Role, _ ports: [UInt16]) async throws -> MachineProcess {
        let machine = try #require(MachineName(name))
        let process = try await MachineProcess(
            name, program: program,
            arguments: [
                "server", "--role", role.rawValue, "--name", name, "--port", "\(ports[0])", "--control-port",
                "\(ports[1])", "--data", folder + "/other-" + name, "--license",
                try await license(.serverWithFailover, of: machine), "--license-issuer",
                LicenseIssuer.publicPath(of: issuerPath),
            ])
        let watch = await SiteWatch(hubs: [.tcp(host: "127.0.0.1", port: ports[0])])
        try await watch.wait(for: "the server is up") { $0.authority?.server != nil }
        await watch.stop()
        return process
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
