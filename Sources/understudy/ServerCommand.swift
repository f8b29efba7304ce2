import ArgumentParser
import FailoverCore
import HubProtocol
import HubServer
import License
import LocalState
import MQTTSession

struct ServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server", abstract: "Run this machine as the Main or the Backup server.",
        discussion: """
            Starts the machine's two brokers and its coordinator, which live and die together. With a key it listens on \
            all addresses; without, on loopback only, unless --insecure says that everyone on the network may read and change the show.

            --backup and --main name the first pair; from then on the pair record counts, which both servers keep. See \
            understudy backup. A pair begins only where both servers hold a Server with failover licence.

            A licence that has ended, or has not begun by this machine's clock, is reported and stops nothing. A file that \
            is no licence of this machine, or of another issuer, is refused at start.
            """)

    @Option(help: "main or backup.")
    var role: Role
    @Option(help: "This machine's name: 1 to 64 characters of A-Z, a-z, 0-9, _ and -.")
    var name: MachineName
    @Option(help: ArgumentHelp("The IP address to listen on.", valueName: "addr"))
    var listen: String?
    @Option(help: "Port of the hub broker, the Data Hub.")
    var port: UInt16 = Endpoint.defaultPort
    @Option(help: "Port of the control broker, which the servers elect over.")
    var controlPort: UInt16 = 1882
    @Option(help: ArgumentHelp("The address that other machines reach this one at.", valueName: "addr"))
    var advertise: String?
    @Option(
        help: ArgumentHelp(
            "Serve HTTP: ADDR:PORT, ADDR or PORT. Default: no; the usual port is \(WebAddress.defaultPort).",
            valueName: "addr"))
    var http: WebAddress?
    @Option(help: "On Main: how many versions of each file are kept, 1 to 1000; the newest ones.")
    var fileVersions = 10
    @Option(help: ArgumentHelp("On Main, for the first pair: the Backup's hub, ADDR[:PORT].", valueName: "addr"))
    var backup: Address?
    @Option(help: ArgumentHelp("On the Backup, for the first pair: Main's hub, ADDR[:PORT].", valueName: "addr"))
    var main: Address?
    @Option(help: ArgumentHelp("The folder for what must outlive this machine.", valueName: "dir"))
    var data: String?
    @Flag(help: "Listen beyond loopback although there are no keys.")
    var insecure = false
    @Option(name: .customLong("return"), help: "auto: clients go home when Main is back; manual: the operator decides.")
    var returns: HubPair.Return = .auto
    @Option(help: ArgumentHelp("How long Main must be back and healthy before clients go home.", valueName: "seconds"))
    var returnDelay: Double = 5
    @Option(help: ArgumentHelp("This server's licence.", valueName: "file"))
    var license: String?
    @Option(
        help: ArgumentHelp(
            "The public key of the issuer whose licences count; the same on both servers.", valueName: "file"))
    var licenseIssuer: String?
    @Option(
        help: ArgumentHelp(
            "On Main: how often the show is backed up if it has changed; 0: never. A part of a minute may be given.",
            valueName: "minutes"))
    var showBackupInterval: Double = 30
    @Option(help: ArgumentHelp("On Main: how many automatic backups of the show are kept.", valueName: "count"))
    var showBackups = 5

    @OptionGroup var key: KeyOption
    @OptionGroup var service: ServiceOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        switch role {
        case .client: throw ValidationError("A server is main or backup. For a client, use: understudy client")
        case .main where main != nil:
            throw ValidationError("--main is the Backup's flag. On Main, name the Backup with --backup.")
        case .backup where backup != nil:
            throw ValidationError("--backup is Main's flag. On the Backup, name Main with --main.")
        default: break
        }
        guard port > 0, controlPort > 0 else { throw ValidationError("A port is a number from 1 to 65535.") }
        guard port != controlPort else {
            throw ValidationError("--port and --control-port are both \(port). Each broker needs a port of its own.")
        }
        if let http, [port, controlPort].contains(http.port) {
            throw ValidationError("--http names port \(http.port), which is a broker's. It needs a port of its own.")
        }
        guard (0...86_400).contains(returnDelay) else {
            throw ValidationError("--return-delay is a number of seconds from 0 to 86400.")
        }
        guard (0...10_080).contains(showBackupInterval) else {
            throw ValidationError("--show-backup-interval is a number of minutes from 0 to 10080, a week; 0 is never.")
        }
        guard (1...1000).contains(showBackups) else {
            throw ValidationError("--show-backups is a number from 1 to 1000.")
        }
        guard (1...1000).contains(fileVersions) else {
            throw ValidationError("--file-versions is a number from 1 to 1000.")
        }
        if let advertise, Address(argument: advertise)?.host != advertise {
            throw ValidationError(
                "--advertise is a host name or an IP address without a port, and \(advertise) is not.")
        }
        if license != nil, licenseIssuer == nil {
            throw ValidationError(
                "--license needs --license-issuer as well: the issuer's public key, by which the licence is verified.")
        }
        let peer = backup ?? main
        if let peer, [port, controlPort].contains(peer.port),
            peer.host == listen || peer.host == advertise || (listen == nil && isLoopback(peer))
        {
            throw ValidationError(
                "The other server's address, \(peer.endpoint), is this very server. Backup and Main must be two servers."
            )
        }
    }

    func run() async throws {
        let issuer = try licenseIssuer.map { path throws(LicenseError) in try TrustedIssuer(path: path) }
        let license = try LicenseOption.read(license, of: name)
        if let license, let issuer { try await issuer.verify(license, source: self.license ?? "") }
        let machineKey = try key.read(of: name, role: .server)
        var timing = Timing()
        timing.returnDelay = .seconds(returnDelay)
        let options = ServerOptions(
            role: role, name: name, listen: listen, port: port, controlPort: controlPort, advertise: advertise,
            peer: (backup ?? main).map { ($0.host, $0.port) }, dataPath: data ?? DataFolder.defaultPath(for: name),
            isInsecure: insecure, returns: returns, timing: timing, license: license,
            licenseIssuer: issuer, keys: key.keys, http: http.map { ($0.address, $0.port) },
            showBackupInterval: showBackupInterval > 0 ? .seconds(showBackupInterval * 60) : nil,
            showBackups: showBackups, fileVersions: fileVersions)
        try await service.run { log in
            license.map { LicenseOption.report($0.license, to: log) }
            machineKey.map { KeyOption.report($0, at: key.keys ?? "", to: log) }
            return Server(options, log: log)
        }
    }

    private func isLoopback(_ address: Address) -> Bool {
        address.host == "localhost" || address.host.hasPrefix("127.") || address.host == "::1"
    }
}

extension HubPair.Return: ExpressibleByArgument {}
