import ArgumentParser
import FailoverCore
import HubClient
import HubProtocol

struct SiteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "site", abstract: "The site as a whole.", subcommands: [SiteStopSubcommand.self])
}

struct SiteStopSubcommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "End the day: both servers stop, so that either can be started first tomorrow.",
        discussion: """
            Main is left as the one that acts next. If the Backup is active, Main takes over first, and must be there. \
            Clients stay up, and follow when a server is back.
            """)

    @OptionGroup var orders: OrderOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let site = try await orders.look()
        guard let active = site.activeHub else { throw NoActiveHub() }
        try await orders.give(.siteStop, SiteStopCommand(), to: active, in: site)
        let left = await orders.serversThatStay(site)
        print(
            left.isEmpty
                ? "The site is stopped. Start either server first when you need it again; the Backup acts when Main is there."
                : "\(active) stops. \(left.map(\.description).joined(separator: ", ")) still runs: it was not told. Stop it by hand."
        )
        if !left.isEmpty { throw ExitCode.failure }
    }
}

/// Servers answer, and none of them acts.
struct NoActiveHub: Error, CustomStringConvertible {
    let description =
        "no hub of this site is active, so nobody can be asked. See what is wrong with understudy status; the servers can be "
        + "stopped one by one, Main last."
}
