import FailoverCore
import Foundation
import HubClient
import MQTTSession

/// A whole site on this machine, of real processes on loopback: for the demo, for tests and for benchmarks.
public actor LocalSite {
    public struct Server: Sendable {
        public let role: Role
        public let name: MachineName
        public let port: UInt16
        public let controlPort: UInt16

        public var endpoint: Endpoint { .tcp(host: "127.0.0.1", port: port) }
    }

    public nonisolated let main: Server
    public nonisolated let backup: Server
    /// Holds the machines' data folders.
    public nonisolated let folder: String
    public nonisolated let watch: SiteWatch

    private let program: String
    private let returnDelay: Double
    private var processes: [MachineName: MachineProcess] = [:]

    /// - Parameters:
    ///   - program: the `understudy` executable; `nil`: the one beside this program.
    ///   - returnDelay: of both servers, in seconds.
    ///   - port: Main's hub port where it is free.
    public init(program: String? = nil, returnDelay: Double, preferringPort port: UInt16? = nil) async throws {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        self.program = program ?? (own as NSString).deletingLastPathComponent + "/understudy"
        self.returnDelay = returnDelay
        let ports = FreePorts.take(4, preferring: port)
        main = Server(role: .main, name: MachineName("main-1")!, port: ports[0], controlPort: ports[1])
        backup = Server(role: .backup, name: MachineName("backup-1")!, port: ports[2], controlPort: ports[3])
        folder =
            FileManager.default.temporaryDirectory.path(percentEncoded: false)
            + "understudy-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        watch = await SiteWatch(hubs: [main.endpoint, backup.endpoint])
    }

    /// Arguments of `understudy server` for one of the two servers.
    public nonisolated func arguments(of server: Server) -> [String] {
        let other = server.role == .main ? ("--backup", backup) : ("--main", main)
        return [
            "server", "--role", server.role.rawValue, "--name", "\(server.name)", "--port", "\(server.port)",
            "--control-port", "\(server.controlPort)", other.0, "\(other.1.endpoint)", "--data",
            dataPath(of: server.name), "--return-delay", "\(returnDelay)",
        ]
    }

    public nonisolated func dataPath(of machine: MachineName) -> String { "\(folder)/\(machine)" }

    @discardableResult
    public func start(_ server: Server) async throws -> MachineProcess {
        try await start(server.name, arguments(of: server))
    }

    /// - Parameter knowsBackup: whether it is told the Backup's address, or learns it from the site.
    @discardableResult
    public func startClient(_ name: MachineName, knowsBackup: Bool = false) async throws -> MachineProcess {
        let backup = knowsBackup ? ["--backup", "\(backup.endpoint)"] : []
        return try await start(
            name, ["client", "--name", "\(name)", "--main", "\(main.endpoint)", "--data", dataPath(of: name)] + backup)
    }

    @discardableResult
    public func start(_ name: MachineName, _ arguments: [String]) async throws -> MachineProcess {
        let process = try await MachineProcess("\(name)", program: program, arguments: arguments)
        processes[name] = process
        return process
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
                guard let state = view.hubs[$0.endpoint]?.state else { return false }
                return view.isActive(main.name, at: $0.endpoint) && state.phase == .idle
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
            view.isActive(backup.name, at: backup.endpoint) && view.hubs[backup.endpoint]?.state?.phase == .active
                && view.everyone(of: clients, follows: backup.name)
        }
    }

    /// Ends every process and removes the data folders.
    public func end() async {
        for process in processes.values { try? await process.kill() }
        processes = [:]
        await watch.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }
}
