import ArgumentParser
import FailoverCore
import HubClient
import Keys
import LocalState

struct ClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client", abstract: "Run this machine as a client, which works over whichever hub is active.",
        discussion: """
            Keeps live sessions with both hubs. The Backup's address may be left out: the site names it, and the client \
            remembers it.
            """)

    @Option(help: "This machine's name: 1 to 64 characters of A-Z, a-z, 0-9, _ and -.")
    var name: MachineName
    @Option(help: ArgumentHelp("Main's hub, ADDR[:PORT].", valueName: "addr"))
    var main: Address
    @Option(help: ArgumentHelp("The Backup's hub, ADDR[:PORT].", valueName: "addr"))
    var backup: Address?
    @Option(help: ArgumentHelp("The folder for what must outlive this machine.", valueName: "dir"))
    var data: String?
    @Option(help: ArgumentHelp("This machine's licence.", valueName: "file"))
    var license: String?

    @OptionGroup var key: KeyOption
    @OptionGroup var service: ServiceOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let backup, backup.endpoint == main.endpoint {
            throw ValidationError("--main and --backup are the same address, \(main.endpoint).")
        }
    }

    func run() async throws {
        let license = try LicenseOption.read(license, of: name)
        let machineKey = try key.read(of: name, role: .client)
        let options = ClientMachine.Options(
            name: name, main: main.endpoint, backup: backup?.endpoint,
            dataPath: data ?? DataFolder.defaultPath(for: name), license: license?.license.type.rawValue,
            credentials: key.credentials, permission: machineKey?.permission ?? 3,
            keyExpires: { [keys = key.keys] in keys.flatMap { try? MachineKey(path: $0).expires } })
        try await service.run { log in
            license.map { LicenseOption.report($0.license, to: log) }
            machineKey.map { KeyOption.report($0, at: key.keys ?? "", to: log) }
            return ClientMachine(options, log: log)
        }
    }
}
