import FailoverCore
import Foundation
import HubClient
import Keys
import License
import MQTTSession

/// A whole site on this machine, of real processes on loopback or in a `ShowNetwork`: for the demo, for tests and for
/// benchmarks. It has an issuer of licences of its own, and each machine has a licence.
public actor LocalSite {
    public struct Server: Sendable {
        public let role: Role
        public let name: MachineName
        public let host: String
        public let port: UInt16
        public let controlPort: UInt16
        /// Where this program reads its hub. In a network that is the broker's private door, which no cut closes.
        public let observed: Endpoint

        public var endpoint: Endpoint { .tcp(host: host, port: port) }
    }

    public nonisolated let main: Server
    public nonisolated let backup: Server
    /// Holds the machines' data folders.
    public nonisolated let folder: String
    public nonisolated let watch: SiteWatch

    /// Its key pair lies at `issuerPath`.
    public nonisolated let issuer: LicenseIssuer
    /// Who issues its machines' keys; `nil`: it has none.
    public nonisolated let authority: SiteAuthority?
    /// Of this program, an operator of level 3; `nil`: the site has no keys.
    public nonisolated let credentials: TLSCredentials?

    /// The `understudy` executable.
    public nonisolated let program: String
    private let returnDelay: Double
    /// Whether every machine serves the panel.
    private let hasPanels: Bool
    private var httpPorts: [MachineName: HeldPort] = [:]
    private let network: ShowNetwork?
    private var processes: [MachineName: MachineProcess] = [:]
    /// Other programs on the site's machines.
    private var guests: [MachineProcess] = []
    /// Every process that was ever started here.
    public private(set) var runs: [(machine: MachineName, process: MachineProcess)] = []

    public static let mainName = MachineName("main-1")!
    public static let backupName = MachineName("backup-1")!
    public static let operatorName = MachineName("operator")!

    /// On loopback.
    ///
    /// - Parameters:
    ///   - program: the `understudy` executable; `nil`: the one beside this program.
    ///   - returnDelay: of both servers, in seconds.
    ///   - port: Main's hub port where it is free.
    ///   - hasKeys: every machine has a key of its own, of level 2 where nothing else is asked for.
    ///   - hasPanels: every machine serves the panel; see `panel(of:)`.
    public init(
        program: String? = nil, returnDelay: Double, preferringPort port: UInt16? = nil, hasKeys: Bool = false,
        hasPanels: Bool = false
    ) async throws {
        let ports = FreePorts.take(4, preferring: port)
        let loopback = { (role: Role, name: MachineName, ports: ArraySlice<UInt16>) in
            let (port, controlPort) = (ports[ports.startIndex], ports[ports.startIndex + 1])
            return Server(
                role: role, name: name, host: "127.0.0.1", port: port, controlPort: controlPort,
                observed: .tcp(host: "127.0.0.1", port: port))
        }
        try await self.init(
            program: program, returnDelay: returnDelay, network: nil, hasKeys: hasKeys, hasPanels: hasPanels,
            folder: Self.makeFolder(), main: loopback(.main, Self.mainName, ports[0...1]),
            backup: loopback(.backup, Self.backupName, ports[2...3])
        )
    }

    /// In a network that has a place for every machine of the site.
    ///
    /// - Parameter program: the `understudy` executable; `nil`: the one beside this program.
    public init(
        program: String? = nil, returnDelay: Double, in network: ShowNetwork, hasKeys: Bool = false
    ) async throws {
        let folder = try Self.makeFolder()
        let server = { (role: Role, name: MachineName) in
            guard let host = network.address(of: name) else {
                throw NetworkNamespace.Failure(description: "the network has no place for \(name)")
            }
            return Server(
                role: role, name: name, host: host, port: 1883, controlPort: 1882,
                observed: .unix(path: "\(folder)/\(name)/run/hub.sock"))
        }
        try await self.init(
            program: program, returnDelay: returnDelay, network: network, hasKeys: hasKeys, hasPanels: false,
            folder: folder, main: server(.main, Self.mainName), backup: server(.backup, Self.backupName))
    }

    private init(
        program: String?, returnDelay: Double, network: ShowNetwork?, hasKeys: Bool, hasPanels: Bool, folder: String,
        main: Server, backup: Server
    ) async throws {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        self.program = program ?? (own as NSString).deletingLastPathComponent + "/understudy"
        self.returnDelay = returnDelay
        self.hasPanels = hasPanels
        self.network = network
        self.folder = folder
        self.main = main
        self.backup = backup
        issuer = try LicenseIssuer()
        try issuer.write(to: Self.issuerPath(in: folder))
        authority = hasKeys ? try SiteAuthority(name: MachineName("local-site")!, at: .now) : nil
        credentials = try authority.map { authority in
            let path = "\(folder)/operator.key"
            try authority.issue(KeyRequest(name: Self.operatorName, role: .client, permission: 3), at: .now).write(
                to: path)
            return TLSCredentials(path: path)
        }
        // The addresses in a network lead nowhere from here.
        watch = await SiteWatch(
            hubs: [main.observed, backup.observed], credentials: credentials, findsOthers: network == nil)
    }

    private static func makeFolder() throws -> String {
        let folder =
            FileManager.default.temporaryDirectory.path(percentEncoded: false)
            + "understudy-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }

    private static func issuerPath(in folder: String) -> String { "\(folder)/issuer" }

    public nonisolated var issuerPath: String { Self.issuerPath(in: folder) }

    /// The licence's file of a machine, written when it is first asked for.
    public nonisolated func license(_ type: LicenseType, of machine: MachineName) async throws -> String {
        let path = "\(folder)/\(machine).\(type.rawValue).license"
        if !FileManager.default.fileExists(atPath: path) {
            try await issuer.issue(type, to: machine, days: 30, at: .now).write(to: path)
        }
        return path
    }

    /// The key's file of a machine, written when it is first asked for; `nil`: the site has no keys.
    public nonisolated func key(
        of machine: MachineName, _ role: KeyRole = .client, permission: Int = 2
    ) throws -> String? {
        guard let authority else { return nil }
        let path = "\(folder)/\(machine).key"
        if !FileManager.default.fileExists(atPath: path) {
            try authority.issue(KeyRequest(name: machine, role: role, permission: permission), at: .now).write(to: path)
        }
        return path
    }

    /// Where both hubs are, for a machine of the site.
    public nonisolated var hubs: [Endpoint] { [main.endpoint, backup.endpoint] }

    /// Arguments of `understudy server` for one of the two servers.
    public nonisolated func arguments(of server: Server) async throws -> [String] {
        let other = server.role == .main ? ("--backup", backup) : ("--main", main)
        return [
            "server", "--role", server.role.rawValue, "--name", "\(server.name)", "--port", "\(server.port)",
            "--control-port", "\(server.controlPort)", other.0, "\(other.1.endpoint)", "--data",
            dataPath(of: server.name), "--return-delay", "\(returnDelay)", "--license",
            try await license(.serverWithFailover, of: server.name), "--license-issuer",
            LicenseIssuer.publicPath(of: issuerPath),
        ] + (try reach(of: server))
    }

    /// What it listens on, and who may come.
    private nonisolated func reach(of server: Server) throws -> [String] {
        guard let key = try key(of: server.name, .server, permission: server.role == .main ? 3 : 2) else {
            return network == nil ? [] : ["--insecure"]
        }
        return ["--keys", key] + (network == nil ? ["--listen", server.host] : [])
    }

    public nonisolated func dataPath(of machine: MachineName) -> String { "\(folder)/\(machine)" }

    @discardableResult
    public func start(_ server: Server) async throws -> MachineProcess {
        try await start(server.name, try await arguments(of: server))
    }

    /// - Parameter knowsBackup: whether it is told the Backup's address, or learns it from the site.
    @discardableResult
    public func startClient(_ name: MachineName, knowsBackup: Bool = false) async throws -> MachineProcess {
        let backup = knowsBackup ? ["--backup", "\(backup.endpoint)"] : []
        return try await start(
            name,
            [
                "client", "--name", "\(name)", "--main", "\(main.endpoint)", "--data", dataPath(of: name), "--license",
                try await license(.client, of: name),
            ] + backup + (try key(of: name).map { ["--keys", $0] } ?? []))
    }

    @discardableResult
    public func start(_ name: MachineName, _ arguments: [String]) async throws -> MachineProcess {
        let process = try await MachineProcess(
            "\(name)", program: program, arguments: arguments + panelArguments(of: name),
            in: network?.namespace(of: name))
        processes[name] = process
        runs.append((name, process))
        return process
    }

    private func panelArguments(of machine: MachineName) -> [String] {
        guard hasPanels, let held = httpPorts[machine] ?? HeldPort() else { return [] }
        httpPorts[machine] = held
        return ["--http", "127.0.0.1:\(held.port)"]
    }

    /// The address of a machine's panel; `nil`: it has none, or was not started yet.
    public func panel(of machine: MachineName) -> String? {
        let isSecure = authority != nil && [main.name, backup.name].contains(machine)
        return httpPorts[machine].map { "\(isSecure ? "https" : "http")://127.0.0.1:\($0.port)" }
    }

    /// Starts this very program once more, on a machine of the site, as one that works with the show there.
    ///
    /// - Parameter onLine: gets each line of its standard error.
    public func startGuest(
        _ name: String, on machine: MachineName, _ arguments: [String],
        onLine: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> MachineProcess {
        let guest = try await MachineProcess(
            name, program: "/proc/\(getpid())/exe", arguments: arguments, in: network?.namespace(of: machine),
            onLine: onLine)
        guests.append(guest)
        return guest
    }

    public func process(of machine: MachineName) -> MachineProcess? { processes[machine] }

    /// Starts both servers and clients, and waits until the pair is ready and everyone follows Main.
    public func startAll(clients: [MachineName]) async throws {
        try await start(main)
        try await start(backup)
        for client in clients { try await startClient(client) }
        try await waitForHome(clients)
    }

    /// Main active, Backup paired with a client for a witness, everyone follows Main.
    @discardableResult
    public func waitForHome(
        _ clients: [MachineName], within bound: Duration = .seconds(30)
    ) async throws -> ContinuousClock.Instant {
        let (main, backup) = (main, backup)
        return try await watch.wait(for: "Main active, Backup idle, everyone follows Main", within: bound) { view in
            [main, backup].allSatisfy {
                guard let state = view.hubs[$0.observed]?.state else { return false }
                return view.isActive(main.name, at: $0.observed) && state.phase == .idle
                    && (clients.isEmpty || !state.warnings.contains(.noWitness))
            } && view.everyone(of: clients + [main.name, backup.name], follows: main.name)
        }
    }

    /// Backup active, everyone that is left follows it.
    @discardableResult
    public func waitForBackup(
        _ clients: [MachineName], within bound: Duration = .seconds(20)
    ) async throws -> ContinuousClock.Instant {
        let backup = backup
        return try await watch.wait(for: "Backup active, everyone follows it", within: bound) { view in
            view.isActive(backup.name, at: backup.observed) && view.hubs[backup.observed]?.state?.phase == .active
                && view.everyone(of: clients, follows: backup.name)
        }
    }

    /// These have told how long their way to the hub took that they follow; they do so a moment after they got there.
    public func waitForSwitches(of clients: [MachineName]) async throws {
        try await watch.wait(for: "what each client measured") { view in
            clients.allSatisfy { client in
                guard let machine = view.machines[client], let hub = machine.links?.following else { return false }
                return machine.lastSwitch?.to == hub
            }
        }
    }

    /// Ends every process and removes the data folders.
    public func end() async {
        for process in guests + processes.values { try? await process.kill() }
        (guests, processes) = ([], [:])
        await watch.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }
}
