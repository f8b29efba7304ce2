import ArgumentParser
import FailoverCore
import Foundation
import HubClient

/// What every command understands that takes part in the show.
struct ShowOptions: ParsableArguments {
    @OptionGroup var site: SiteOptions
    @Option(
        help: ArgumentHelp(
            "The machine that this comes from. Default: this machine's own name; with --keys always the key's.",
            valueName: "name"))
    var name: MachineName?

    func connect() async throws -> HubConnection {
        let name = try site.key.name(name, of: site.key.read()) ?? hostName
        return await HubConnection(name: name, hubs: site.endpoints, credentials: site.key.credentials)
    }

    private var hostName: MachineName {
        let text = ProcessInfo.processInfo.hostName.prefix { $0 != "." }.map { $0.isLetter || $0.isNumber ? $0 : "-" }
        return MachineName(String(text.prefix(MachineName.maximumLength))) ?? MachineName("operator")!
    }
}

extension HubConnection.Confirm: ExpressibleByArgument {}
