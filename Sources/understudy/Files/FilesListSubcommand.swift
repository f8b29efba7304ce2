import ArgumentParser
import AssetClient
import AssetProtocol
import HubProtocol

struct FilesListSubcommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The files on the server, the newest version of each.")

    @Argument(help: "With what their paths begin. Default: all.")
    var prefix = ""
    @Flag(help: "One JSON object.")
    var json = false
    @OptionGroup var site: SiteOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let place = try await FilesPlace.find(site)
        let terminal = Terminal()
        let listing: FileListing
        do {
            listing = try await place.withServer { try await $0.listing(prefix: prefix, withDeletions: false) }
        } catch AssetClientError.broken(let cause) {
            // While the Backup is active there is nobody to list them.
            if place.files.push == .locked, let reason = place.files.reason { throw FilesRefusal.locked(reason) }
            throw AssetClientError.unreachable(url: place.files.url ?? "", cause: cause)
        }
        guard !json else {
            return terminal.line(try ObservationOptions.encode(Document(listing: listing, access: place.files)))
        }
        let rows = listing.files.map { file -> [Table.Cell] in
            [
                .init(file.path.description, .bold), .init(file.size.map(ByteCount.text) ?? "-"),
                .init("\(file.version)"),
                .init(file.author.description), .init(file.time.timestamp.text),
            ]
        }
        if rows.isEmpty {
            Terminal.note(prefix.isEmpty ? "There are no files." : "There are no files that begin with \(prefix).")
        } else {
            terminal.line(Table(header: ["PATH", "SIZE", "VERSION", "AUTHOR", "TIME"], rows: rows).render(terminal))
        }
        if place.files.push == .locked || place.files.pull == .locked {
            Terminal.note("\(FilesRefusal.locked(place.files.reason ?? "the server does not say why."))")
        }
    }

    private struct Document: Encodable {
        var listing: FileListing
        var access: HubFiles

        private enum CodingKeys: CodingKey {
            case access
        }

        func encode(to encoder: any Encoder) throws {
            try listing.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(access, forKey: .access)
        }
    }
}
