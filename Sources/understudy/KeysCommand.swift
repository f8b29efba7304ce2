import ArgumentParser
import FailoverCore
import Foundation
import HubProtocol
import Keys

struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Make the keys of a site's machines, and read them.",
        discussion: """
            With keys, machines know each other, nobody else joins the site, and all that they say is encrypted. The site's \
            file is its private authority, which issues a key to every machine; keep it off the machines of the show. A \
            machine's key is one file, which is its certificate, its private key and the authority's certificate at once.
            """,
        subcommands: [
            KeysCreateSubcommand.self, KeysAddSubcommand.self, KeysInspectSubcommand.self, KeysExportSubcommand.self,
            KeysRenewSubcommand.self, KeysRevokeSubcommand.self,
        ])
}

struct KeysCreateSubcommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make the authority of a site, which issues keys.",
        discussion: "Writes one file, which only you can read: the authority's certificate and its private key.")

    @Option(help: ArgumentHelp("The site's file; it must not be there yet.", valueName: "site"))
    var out: String
    @Option(help: "The site's name. Default: the name of its file.")
    var name: MachineName?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        guard let name = name ?? MachineName((out as NSString).lastPathComponent) else {
            throw UsageError(
                description:
                    "\(out) does not end in what could name a site, 1 to 64 of A-Z, a-z, 0-9, _ and -. Name the "
                    + "site with --name.")
        }
        let site = try SiteAuthority(name: name, at: .now)
        try site.write(to: out)
        print(
            """
            Wrote \(out), the private authority of the site \(name), until \(site.expires.text): keep a copy, and keep it off \
            the machines of the show.
            Its id is \(SiteAuthority.short(site.id)). Give every machine a key with understudy keys add.
            """)
    }
}

struct KeysAddSubcommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Issue a key to one machine.",
        discussion: """
            Permission 1 sees and edits the machine's own items of the show; 2 sees everything, edits its own, pushes and \
            pulls files; 3 edits everything, adds and removes the Backup, and switches. Give the Main server 3.
            """)

    @Argument(help: "The machine's name.")
    var name: MachineName
    @Option(help: ArgumentHelp("The site's file, as keys create wrote it.", valueName: "file"))
    var site: String
    @Option(help: "server or client. The key of a client cannot be used for a server.")
    var role: KeyRole
    @Option(help: "1, 2 or 3: what the machine may do; see above.")
    var permission = 2
    @Option(help: "How many days it lasts, 1 to 3650.")
    var days = 365
    @Option(
        name: .customLong("address"), parsing: .singleValue,
        help: ArgumentHelp(
            "Under which others reach a server: an IP address or a DNS name; may be repeated.", valueName: "addr"))
    var addresses: [String] = []
    @Option(help: ArgumentHelp("The key's file; it must not be there yet.", valueName: "file"))
    var out: String
    @OptionGroup var common: CommonOptions

    private var request: KeyRequest {
        KeyRequest(name: name, role: role, permission: permission, days: days, addresses: addresses)
    }

    func validate() throws {
        do throws(KeyError) { try request.check() } catch { throw ValidationError("\(error)") }
    }

    func run() async throws {
        let site = try SiteAuthority(path: site)
        site.warn(self.site)
        let key = try site.issue(request, at: .now)
        try key.write(to: out)
        print(
            """
            Wrote \(out): the key of the \(role) \(name) with permission \(permission), until \(key.expires.text). Bring it to \
            that machine, and to no other.
            """)
        if role == .server && permission != KeyRequest.permissions.upperBound {
            print("The Main server needs --permission 3; the Backup server's own operator has 2.")
        }
    }
}

struct KeysRenewSubcommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "renew", abstract: "Put a new key in the place of a machine's key.",
        discussion: """
            The machine keeps its name, role, permission and addresses, and gets a new certificate and a new private key.
            """)

    @Argument(help: "The key's file; it is replaced.")
    var file: String
    @Option(help: ArgumentHelp("The site's file, as keys create wrote it.", valueName: "file"))
    var site: String
    @Option(help: "How many days it lasts from now on, 1 to 3650.")
    var days = 365
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard KeyRequest.days.contains(days) else {
            throw ValidationError(
                "--days is a number from \(KeyRequest.days.lowerBound) to \(KeyRequest.days.upperBound), and \(days) is not."
            )
        }
    }

    func run() async throws {
        let site = try SiteAuthority(path: site)
        site.warn(self.site)
        let key = try site.renew(MachineKey(path: file), days: days, at: .now)
        try key.replace(at: file)
        print("Replaced \(file): a new key of the \(key.role) \(key.name), until \(key.expires.text).")
    }
}

extension SiteAuthority {
    /// Says so where others can read its file.
    func warn(_ path: String) { if isReadableByOthers { KeyError.readableByOthers(path: path).warn() } }
}

extension MachineKey {
    /// Says so where others can read its file.
    func warn(_ path: String) { if isReadableByOthers { KeyError.readableByOthers(path: path).warn() } }
}

extension KeyError {
    fileprivate func warn() { FileHandle.standardError.write(Data("understudy: \(self)\n".utf8)) }
}

extension KeyRole: ExpressibleByArgument {}
