import ArgumentParser
import FailoverCore
import Foundation
import HubClient
import HubProtocol
import MQTTSession

/// What every command understands that gives an order to a site.
struct OrderOptions: ParsableArguments {
    @OptionGroup var site: SiteOptions
    @Option(
        help: ArgumentHelp(
            "Who orders it, for the history. Default: the name you are logged in with.", valueName: "name"))
    var user: MachineName?

    /// The site, once every hub has answered or failed.
    func look() async throws -> SiteView {
        for await view in SiteObserver.views(of: site.endpoints) {
            guard view.authority != nil else { throw NoHubReached(view) }
            return view
        }
        throw CancellationError()
    }

    func give(_ command: Topic.Command, _ payload: some Payload, to server: MachineName, in site: SiteView) async throws
    {
        guard let endpoint = site.endpoint(of: server) else { throw HubNotReached(server: server) }
        try await CommandSession.give(command, payload, as: user ?? loginName, to: endpoint)
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
}
