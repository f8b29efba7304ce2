import ArgumentParser
import FailoverCore
import Foundation
import HubClient
import HubProtocol
import LocalSite
import MQTTSession

/// What every command understands that gives an order to a site.
struct OrderOptions: ParsableArguments {
    @OptionGroup var site: SiteOptions
    @Option(
        help: ArgumentHelp(
            "Who orders it, for the history. Default: the name you are logged in with; with --keys always the key's.",
            valueName: "name"))
    var user: MachineName?

    /// The site, once every hub has answered or failed.
    func look() async throws -> SiteView {
        _ = try orderer
        for await view in SiteObserver.views(of: site.endpoints, credentials: site.key.credentials) {
            guard view.authority != nil else { throw NoHubReached(view) }
            return view
        }
        throw CancellationError()
    }

    /// - Returns: what the site says of it.
    @discardableResult
    func give(
        _ command: Topic.Command, _ payload: some Payload, to server: MachineName, in site: SiteView,
        within patience: Duration = .seconds(15)
    ) async throws -> CommandResponse {
        guard let endpoint = site.endpoint(of: server) else { throw HubNotReached(server: server) }
        return try await CommandSession.give(
            command, payload, as: orderer, to: endpoint, credentials: self.site.key.credentials, within: patience)
    }

    /// The servers that still answer when those that were told to stop have had their time.
    func serversThatStay(_ site: SiteView) async -> [MachineName] {
        let watch = await SiteWatch(hubs: Array(site.hubs.keys), credentials: self.site.key.credentials)
        let isOver = { @Sendable (view: SiteView) in view.isSettled && !view.isReached }
        _ = try? await watch.wait(for: "the end of every server", within: .seconds(5), until: isOver)
        let left = await watch.view.servers(reached: true)
        await watch.stop()
        return left.sorted()
    }

    private var orderer: MachineName {
        get throws { try site.key.name(user, of: site.key.read()) ?? loginName }
    }

    private var loginName: MachineName { MachineName(NSUserName()) ?? MachineName("operator")! }
}

/// The hub that an order is for does not answer here.
struct HubNotReached: Error, CustomStringConvertible {
    var server: MachineName

    var description: String {
        "the hub of \(server) cannot be reached from here. Check its name and that it runs, or name its address with --hub "
            + "ADDR[:PORT]."
    }
}

extension SiteView {
    var activeHub: MachineName? { authority?.active?.hub }

    /// Both servers, as far as their hubs or the pair name them.
    var servers: Set<MachineName> {
        let pair = authority?.pair
        return Set(servers(reached: false) + [pair?.main, pair?.backup].compactMap { $0?.name })
    }

    func servers(reached isReached: Bool) -> [MachineName] {
        hubs.filter { !isReached || reach[$0.key] == .reached }.compactMap { $0.value.server?.name }
    }
}
