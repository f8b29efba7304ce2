import ArgumentParser
import Discovery
import FailoverCore
import HubProtocol

struct DiscoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discover", abstract: "The servers that announce themselves on this network.",
        discussion: """
            Servers announce themselves by DNS-SD, with Avahi, unless they listen on loopback only. A site goes by the \
            name of its Main server. Anybody on the network can announce anything: the list tells where to look, and proves \
            nothing.
            """)

    @OptionGroup var observation: ObservationOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let terminal = Terminal()
        guard observation.watch else {
            return terminal.line(try text(of: DiscoveredList(servers: await ServerBrowser.look()), terminal))
        }
        let isPicture = terminal.isInteractive && !observation.json
        if isPicture { terminal.write("\u{1B}[2J") }
        for await list in ServerBrowser.lists() {
            let text = try text(of: list, terminal)
            if isPicture {
                terminal.redraw(text + "\n\n" + terminal.paint("Ctrl-C ends.", .dim) + "\n")
            } else {
                terminal.line(observation.json ? text : "\(UTCTime.now)  \(text)")
            }
        }
    }

    private func text(of list: DiscoveredList, _ terminal: Terminal) throws -> String {
        if observation.json {
            return try ObservationOptions.encode(Document(servers: list.servers, error: list.problem?.description))
        }
        if let problem = list.problem { return "\(problem)" }
        guard !list.servers.isEmpty else {
            return "no server announces itself on this network. Addresses work all the same."
        }
        let rows = list.servers.map { server -> [Table.Cell] in
            [
                .init(server.name.description, .bold), .init(server.role.rawValue),
                .init("\(server.address):\(server.port)"), .init(server.site?.description ?? "-"),
                server.isPaired ? .init("paired", .green) : .init("not paired", .yellow),
            ]
        }
        return Table(header: ["NAME", "ROLE", "ADDRESS", "SITE", "PAIR"], rows: rows).render(terminal)
    }

    private struct Document: Encodable {
        var servers: [DiscoveredServer]
        /// Only while nothing can be known.
        var error: String?
    }
}
