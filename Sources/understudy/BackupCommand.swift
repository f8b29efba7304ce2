import ArgumentParser
import FailoverCore
import HubClient
import HubProtocol
import MQTTSession

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "The site's Backup server.",
        subcommands: [BackupAddSubcommand.self, BackupRemoveSubcommand.self])
}

struct BackupAddSubcommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Pair a Backup server with this site, while the show runs.",
        discussion: """
            The Backup must run already: understudy server --role backup. What it knew of another site is put aside, and it \
            gets everything from Main. Both servers must hold a Server with failover licence. This command ends when the \
            Backup has the whole show and could take over.
            """)

    @Argument(
        help: ArgumentHelp(
            "A name that understudy discover lists, or an address: ADDR[:PORT], with a dot or a colon in it, or localhost.",
            valueName: "name-or-address"))
    var backup: String
    @OptionGroup var orders: OrderOptions
    @OptionGroup var common: CommonOptions

    private var command: BackupAddCommand? {
        if let name = MachineName(backup), name.description != "localhost" { return BackupAddCommand(machine: name) }
        guard case .tcp(let host, let port) = Endpoint(backup) else { return nil }
        return BackupAddCommand(address: host, port: port)
    }

    func validate() throws {
        guard command != nil else {
            throw ValidationError("\(backup) is neither a machine's name nor an address, ADDR[:PORT].")
        }
    }

    func run() async throws {
        guard let command else { return }
        let site = try await orders.look()
        guard let active = site.activeHub else { throw NoActiveHub() }
        let progress = Task { await showProgress(of: active, in: site) }
        defer { progress.cancel() }
        // Longer than the server waits for its Backup.
        try await orders.give(.backupAdd, command, to: active, in: site, within: .seconds(180))
        print("\(backup) is the Backup of \(active), and could take over now.")
    }

    /// On standard error, one line for each change.
    private func showProgress(of active: MachineName, in site: SiteView) async {
        guard let endpoint = site.endpoint(of: active) else { return }
        var last = ""
        for await view in SiteObserver.views(
            of: [endpoint], credentials: orders.site.key.credentials, findsOthers: false
        ) {
            guard let hub = view.hubs[endpoint], hub.pair?.mode == .pairing, let backup = hub.pair?.backup else {
                continue
            }
            let behind = hub.state?.messagesBehind ?? 0
            let line =
                "\(backup.name) at \(backup.endpoint) joins" + (behind > 0 ? ": \(behind) messages to copy" : "…")
            if line != last { Terminal.note(line) }
            last = line
        }
    }
}

struct BackupRemoveSubcommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "End the pair; while the Backup is active: switch back to Main.",
        discussion: """
            While the Backup is active, everyone returns to Main, and the pair remains. While it is idle, Main goes on \
            without it, and it can never take over later, also when it cannot be reached now.
            """)

    @OptionGroup var orders: OrderOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let site = try await orders.look()
        guard let hub = site.authority, let active = site.activeHub, let epoch = hub.active?.epoch else {
            throw NoActiveHub()
        }
        let pair = hub.pair
        try await orders.give(.backupRemove, BackupRemoveCommand(epoch: epoch), to: active, in: site)
        let backup = pair?.backup?.name.description ?? "the server that was named at start"
        if active == pair?.backup?.name {
            print("\(pair?.main?.name.description ?? "Main") is active again, and \(backup) stays its Backup.")
        } else {
            print("\(backup) is no Backup of \(active) any more.")
        }
    }
}
