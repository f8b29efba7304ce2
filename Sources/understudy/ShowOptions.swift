import ArgumentParser
import FailoverCore
import Foundation
import HubClient

/// What every command understands that takes part in the show.
struct ShowOptions: ParsableArguments {
    @OptionGroup var site: SiteOptions
    @Option(
        help: ArgumentHelp("The machine that this comes from. Default: this machine's own name.", valueName: "name"))
    var name: MachineName?

    func connect() async -> HubConnection { await HubConnection(name: name ?? hostName, hubs: site.endpoints) }

    private var hostName: MachineName {
        let text = ProcessInfo.processInfo.hostName.prefix { $0 != "." }.map { $0.isLetter || $0.isNumber ? $0 : "-" }
        return MachineName(String(text.prefix(MachineName.maximumLength))) ?? MachineName("operator")!
    }
}

extension HubConnection.Confirm: ExpressibleByArgument {}
