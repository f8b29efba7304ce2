import ArgumentParser
import HubClient

@main
struct Understudy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "understudy",
        abstract: "Keeps a live show running when its server machine fails.",
        discussion: """
            Every machine of a site works over one MQTT message bus, the Data Hub, on the Main server. When Main cannot \
            be reached, the Backup server takes over and every client follows by itself, and goes home when Main returns.

            Every option can also come from the environment (--control-port: UNDERSTUDY_CONTROL_PORT) or from a JSON \
            file named with --config or UNDERSTUDY_CONFIG ({"control-port": 1882}); the command line goes first, then \
            the environment.

            Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused by the site, 4 no hub could be reached.
            """,
        version: Version.current,
        subcommands: [
            ServerCommand.self, ClientCommand.self, StatusCommand.self, MachinesCommand.self,
            BackupCommand.self, HubCommand.self, SiteCommand.self, ShowCommand.self, FilesCommand.self,
            PublishCommand.self, SubscribeCommand.self, DiscoverCommand.self, KeysCommand.self, LicenseCommand.self,
            DemoCommand.self,
        ])

    static func main() async {
        do {
            let arguments = try await Settings.complete(Array(CommandLine.arguments.dropFirst()))
            var command = try parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            ExitStatus.leave(with: error)
        }
    }
}
