import ArgumentParser
import FailoverCore
import HubClient
import HubProtocol

struct HubCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hub", abstract: "Decide which hub is active.", subcommands: [HubSwitchSubcommand.self])
}

struct HubSwitchSubcommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "switch", abstract: "Let this server act: a switchover in good order.",
        discussion: """
            After a switchover to the Backup nobody goes home by himself, until Main was lost and is back, or you switch \
            back.

            --force is for what the site may not decide alone: no server acts, and the one that acted last is gone or \
            cannot be asked. The named server acts at once; only its own hub need be reached. What you risk: if the other \
            server acts where nobody here can see it, two hubs are active until the two servers see each other again, and \
            what was changed on the other one meanwhile is lost. Switch that machine off first, or be sure that it is.
            """)

    @Argument(help: "The server that is to act.")
    var name: MachineName
    @Flag(help: "Whatever the rules say. Read above what that risks.")
    var force = false
    @OptionGroup var orders: OrderOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let site = try await orders.look()
        guard site.servers.contains(name) else {
            throw CommandResponse.refused(
                .unknownMachine,
                "\(name) is neither of the two servers of this site (\(site.servers.sorted().map(\.description).joined(separator: ", ")))."
            )
        }
        // The one that acts, where it can be asked: it hands over in good order.
        let active = site.activeHub.flatMap { site.endpoint(of: $0) == nil ? nil : $0 } ?? name
        do {
            try await orders.give(.hubSwitch, HubSwitchCommand(to: name, force: force), to: active, in: site)
        } catch is CommandResponse where force && active != name {
            try await orders.give(.hubSwitch, HubSwitchCommand(to: name, force: true), to: name, in: site)
        }
        print("\(name) is active.")
    }
}
