import ArgumentParser
import FailoverCore
import HubClient
import HubProtocol

struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "The show file: the whole live state under a name, on the Main server.",
        subcommands: [ShowSaveSubcommand.self, ShowLoadSubcommand.self, ShowListSubcommand.self])

    /// Longer than the server waits for the other hub.
    static let patience = Duration.seconds(90)
}

struct ShowSaveSubcommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "save", abstract: "Save the live state of the show.",
        discussion: "What was saved under that name before is kept as an automatic backup.")

    @Argument(help: ArgumentHelp("Default: the show that was saved or loaded last.", valueName: "name"))
    var name: ShowName?
    @OptionGroup var orders: OrderOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let site = try await orders.look()
        guard let active = site.activeHub else { throw NoActiveHub() }
        let shows = site.endpoint(of: active).flatMap { site.hubs[$0]?.shows }
        // A Backup that is active has none to tell of, and says why.
        guard name != nil || shows == nil || shows?.current != nil else {
            throw UsageError(description: "the show has no name yet. Give it one: understudy show save NAME.")
        }
        let response = try await orders.give(
            .showSave, ShowSaveCommand(name: name), to: active, in: site, within: ShowCommand.patience)
        print(response.message ?? "The show is saved.")
    }
}

struct ShowLoadSubcommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load", abstract: "Replace the live state of the show by a saved one, as one change.",
        discussion: """
            What is there already stays as it is; everything else below show/ is set or deleted. The present state is saved \
            first, as an automatic backup, which can be loaded by its name.
            """)

    @Argument(help: ArgumentHelp("See understudy show list.", valueName: "name"))
    var name: ShowName
    @OptionGroup var orders: OrderOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let site = try await orders.look()
        guard let active = site.activeHub else { throw NoActiveHub() }
        let response = try await orders.give(
            .showLoad, ShowLoadCommand(name: name), to: active, in: site, within: ShowCommand.patience)
        print(response.message ?? "\(name) is loaded.")
    }
}

struct ShowListSubcommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The show files on the Main server, newest first.")

    @Flag(help: "One JSON object.")
    var json = false
    @OptionGroup var site: SiteOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        _ = try site.key.read()
        let terminal = Terminal()
        for await view in SiteObserver.views(of: site.endpoints, credentials: site.key.credentials) {
            guard view.authority != nil else { throw NoHubReached(view) }
            let main = view.hubs.first { view.reach[$0.key] == .reached && $0.value.server?.role == .main }?.value
            guard let shows = main?.shows else { throw NoShows(isMainReached: main != nil) }
            return terminal.line(json ? try ObservationOptions.encode(shows) : shows.picture(terminal))
        }
    }
}

/// Nobody told of show files.
struct NoShows: Error, CustomStringConvertible {
    /// It does not tell this user.
    var isMainReached: Bool

    var description: String {
        isMainReached
            ? "the Main server does not tell of its show files. That takes a key of permission 2 at least; have one issued with "
                + "understudy keys add. If it has just started, try again in a moment."
            : "show files lie on the Main server, and its hub was not reached. Check that it runs, or name its address with "
                + "--hub ADDR[:PORT]."
    }
}

extension HubShows {
    fileprivate func picture(_ terminal: Terminal) -> String {
        guard !shows.isEmpty else { return "no show has been saved" }
        let rows = shows.map { show -> [Table.Cell] in
            let kind = show.isAutomatic ? "backup" : show.name == current ? "current" : ""
            return [
                .init(show.name.description, .bold), .init(kind), .init(show.savedAt.timestamp.text),
                .init(show.savedBy?.description ?? ""), .init("\(show.items)"), .init("\(show.bytes)"),
                .init(show.problem.map { "cannot be loaded: \($0)" } ?? "", .red),
            ]
        }
        return Table(header: ["NAME", "", "SAVED", "BY", "ITEMS", "BYTES", ""], rows: rows).render(terminal)
    }
}

extension ShowName: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
