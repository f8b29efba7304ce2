import ArgumentParser
import FailoverCore
import HubClient
import HubServer
import Keys
import LocalState
import WebServer

struct ClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client", abstract: "Run this machine as a client, which works over whichever hub is active.",
        discussion: """
            Keeps live sessions with both hubs. The Backup's address may be left out: the site names it, and the client \
            remembers it.

            The panel (--http) gives commands in this machine's name and with the permission of its key, to whoever uses this \
            machine. So it listens on loopback only, without TLS.
            """)

    @Option(help: "This machine's name: 1 to 64 characters of A-Z, a-z, 0-9, _ and -.")
    var name: MachineName
    @Option(help: ArgumentHelp("Main's hub, ADDR[:PORT].", valueName: "addr"))
    var main: Address
    @Option(help: ArgumentHelp("The Backup's hub, ADDR[:PORT].", valueName: "addr"))
    var backup: Address?
    @Option(
        help: ArgumentHelp(
            "Serve the panel to this machine's own browser: PORT or ADDR:PORT. Default: no; the usual port is \(Self.httpPort).",
            valueName: "addr"))
    var http: WebAddress?
    @Option(help: ArgumentHelp("The folder for what must outlive this machine.", valueName: "dir"))
    var data: String?
    @Option(help: ArgumentHelp("This machine's licence.", valueName: "file"))
    var license: String?

    @OptionGroup var key: KeyOption
    @OptionGroup var service: ServiceOptions
    @OptionGroup var common: CommonOptions

    private static let httpPort: UInt16 = 8081

    func validate() throws {
        if let address = http?.address, !ListenAddress.isLoopback(address) {
            throw ValidationError(
                "--http listens on loopback only: it would give this machine's rights to whoever reaches \(address). Use "
                    + "127.0.0.1, or the panel of a server.")
        }
        if let backup, backup.endpoint == main.endpoint {
            throw ValidationError("--main and --backup are the same address, \(main.endpoint).")
        }
    }

    func run() async throws {
        if let http { try ListenAddress.check(http.address ?? "127.0.0.1", port: http.port) }
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
            let machine = ClientMachine(options, log: log)
            guard let http else { return machine }
            let web = WebServer(
                .init(
                    name: name, role: .client, address: http.address ?? "127.0.0.1", port: http.port,
                    access: .remote(hubs: machine.hubs), credentials: options.credentials,
                    permission: options.permission), keys: nil, log: log)
            return ClientService(machine: machine, web: web)
        }
    }
}
