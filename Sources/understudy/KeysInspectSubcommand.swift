import ArgumentParser
import FailoverCore
import Foundation
import HubProtocol
import Keys

struct KeysInspectSubcommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "What a key says, or a site's file.",
        discussion: """
            A key that has ended is shown as any other. With --json: "kind" (machine or site), "name", "site", "authority", \
            "issued", "begins", "expires", "daysLeft", "standing" (valid, ended or notYetValid), and for a machine "role", \
            "permission" and "addresses".
            """)

    @Argument(help: "The key's file, or the site's.")
    var file: String
    @Flag(help: "One JSON object.")
    var json = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let report: KeyReport
        do throws(KeyError) {
            let key = try MachineKey(path: file)
            key.warn(file)
            report = KeyReport(key, at: .now)
        } catch .siteFileNamed {
            let site = try SiteAuthority(path: file)
            site.warn(file)
            report = KeyReport(site, at: .now)
        }
        print(json ? report.json : report.picture(Terminal()))
    }
}

/// A key as `keys inspect` shows it.
private struct KeyReport: Encodable {
    enum Kind: String, Encodable {
        case machine, site
    }

    var kind: Kind
    var name: MachineName
    var role: KeyRole?
    var permission: Int?
    var site: MachineName
    var authority: String
    var issued: UTCTime?
    var begins: UTCTime
    var expires: UTCTime
    var daysLeft: Int
    var standing: String
    var addresses: [String]?
    private let isEnding: Bool
    private let now: Timestamp

    private enum CodingKeys: CodingKey {
        case kind, name, role, permission, site, authority, issued, begins, expires, daysLeft, standing, addresses
    }

    init(_ key: MachineKey, at now: Timestamp) {
        self.init(.machine, key.name, of: key.site, key.authority, issued: key.issued, key, at: now)
        role = key.role
        permission = key.permission
        addresses = key.addresses
    }

    init(_ site: SiteAuthority, at now: Timestamp) {
        self.init(.site, site.name, of: site.name, site.id, issued: site.issued, site, at: now)
    }

    private init(
        _ kind: Kind, _ name: MachineName, of site: MachineName, _ authority: String, issued: Timestamp?,
        _ term: some Term, at now: Timestamp
    ) {
        self.kind = kind
        self.name = name
        self.site = site
        self.authority = authority
        self.issued = issued.map(UTCTime.init)
        begins = UTCTime(term.begins)
        expires = UTCTime(term.expires)
        daysLeft = term.daysLeft(at: now)
        standing = term.standing(at: now).rawValue
        isEnding = term.isEnding(at: now)
        self.now = now
    }

    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings and numbers; none of them can fail to encode.
        return String(decoding: (try? encoder.encode(self)) ?? Data("{}".utf8), as: UTF8.self)
    }

    func picture(_ terminal: Terminal) -> String {
        let time: Table.Cell =
            switch Standing(rawValue: standing) {
            case .ended: .init("ended. The clock of this machine says \(now.text)", .red)
            case .notYetValid: .init("not valid yet. The clock of this machine says \(now.text): check it", .red)
            case .valid, nil: .init("valid, \(daysLeft) days left", isEnding ? .yellow : .green)
            }
        let rows: [(String, Table.Cell?)] = [
            (
                "Kind",
                .init(
                    kind == .site
                        ? "the private authority of a site: keep it off the machines of the show"
                        : "the key of a machine")
            ),
            ("Name", .init(name.description)),
            ("Role", role.map { .init($0.rawValue) }),
            ("Permission", permission.map { .init("\($0)") }),
            ("Site", kind == .site ? nil : .init(site.description)),
            ("Authority", .init(SiteAuthority.short(authority))),
            ("Issued", issued.map { .init($0.timestamp.text) }),
            ("Expires", .init(expires.timestamp.text)),
            ("Standing", time),
            ("Addresses", addresses.flatMap { $0.isEmpty ? nil : .init($0.joined(separator: ", ")) }),
        ]
        return Table(header: [], rows: rows.compactMap { title, cell in cell.map { [.init(title, .dim), $0] } })
            .render(terminal)
    }
}
