import BrokerConfiguration
import Discovery
import FailoverCore
import HubClient
import HubProtocol
import LocalState
import Logging
import MQTTSession
import ServiceLifecycle
import StateStore
import WebServer

/// A Main or Backup server: two brokers and a coordinator that live and die together.
public struct Server: Service {
    private let options: ServerOptions
    private let log: Logger

    public init(_ options: ServerOptions, log: Logger) {
        self.options = options
        self.log = log
    }

    /// Runs until a graceful shutdown, and then hands over and says goodbye.
    ///
    /// - Throws: `ServerError` or `LocalStateError` when the server cannot start or must end.
    public func run() async throws {
        ProcessPriority.raise()
        OpenFiles.raiseLimit()
        var options = options
        while let main = try await run(options) {
            options.peer = (main.address, main.port)
            options.joined = main.name
        }
    }

    /// One run of brokers and coordinator.
    ///
    /// - Returns: the Main server whose Backup it begins anew as; `nil` after a stop in good order.
    private func run(_ options: ServerOptions) async throws -> ServerAddress? {
        let listen = try ListenAddress(options)
        let installation = try MosquittoInstallation()
        let folder = try DataFolder(path: options.dataPath)
        let store = RecordStore(of: options.name, in: folder)
        let stored = try store.read(for: options)
        let stateStore = try StateStore(path: folder.file(Self.showFile))
        let state = try stateStore.startRun()
        let secret = try folder.secret()
        let keys = try await ServerKeys.open(options, in: folder, log: log)
        let brokerKeys = keys.map { _ in
            BrokerConfiguration.Keys(key: KeyFiles.key, revocations: KeyFiles.revocations)
        }
        for port in [options.port, options.controlPort] { try listen.check(port: port) }
        let http = try ListenAddress.http(options)
        let hub = try Broker(
            .hub, listen: listen.listen, port: options.port, in: folder, installation: installation, keys: brokerKeys,
            log: log)
        let control = try Broker(
            .control, listen: listen.listen, port: options.controlPort, in: folder, installation: installation,
            keys: brokerKeys, log: log)
        let address = ServerAddress(
            name: options.name, address: listen.advertised, port: options.port, controlPort: options.controlPort)
        let session = Identifier.random()
        let files = ServerFiles(
            options, url: http.map { listen.url(ofHTTP: $0, hasKeys: keys != nil) + "/files/" }, in: folder, log: log)
        let shows = options.role == .main ? ShowFolder(in: folder, keeping: options.showBackups) : nil
        let web = try await webServer(at: http, over: hub, keys: keys, shows: shows)

        let (events, continuation) = AsyncStream.makeStream(of: Event.self)
        let (announcements, announcing) = AsyncStream.makeStream(
            of: ServerAnnouncement.self, bufferingPolicy: .bufferingNewest(1))
        let main = try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: ServerAddress?.self) { group in
                for broker in [hub, control] {
                    group.addTask {
                        try await broker.run { continuation.yield(.brokerRuns(broker.kind, $0)) }
                        return nil
                    }
                }
                group.addTask {
                    try await conduct(events) { hubClock in
                        await keys?.start([hub, control])
                        let replicator = await ServerReplicator.filled(
                            name: options.name, run: session, secret: secret, credentials: keys?.credentials,
                            hub: hub.endpoint, stored: state, store: stateStore,
                            epoch: stored?.record.epoch ?? Epoch(0),
                            log: log)
                        return await ServerCoordinator(
                            options, address: address, onlyAddress: listen.only, session: session, secret: secret,
                            stored: stored, store: store, keys: keys, files: files, shows: shows,
                            replicator: replicator, hub: hub,
                            hubClock: hubClock, control: control, log: log
                        ) { announcement in
                            announcing.yield(announcement)
                        } onOutcome: {
                            continuation.yield(.outcome($0))
                        }
                    }
                }
                // Beside them: a server works as well without.
                async let _: Void = announce(announcements, asFrom: listen)
                async let _: Void = serve(web, files)
                // Whatever ends first takes the others along: a broker that died, or the coordinator.
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
        } onGracefulShutdown: {
            continuation.yield(.stopRequested)
        }
        if main != nil {
            stateStore.close()
            try store.setAside(with: StateStore.files(of: Self.showFile), in: folder)
        }
        withExtendedLifetime(folder) {}
        return main
    }

    private static let showFile = "show.sqlite"

    /// What nobody else can reach is not announced.
    private func announce(_ announcements: AsyncStream<ServerAnnouncement>, asFrom listen: ListenAddress) async {
        guard !listen.isLoopback else { return }
        await ServerAnnouncer(log: log).run(announcements)
    }

    private func webServer(
        at http: (address: String, port: UInt16)?, over hub: Broker, keys: ServerKeys?, shows: ShowFolder?
    ) async throws -> WebServer? {
        guard let http else { return nil }
        var webKeys: WebKeys?
        if let keys {
            let shown = try WebKeys(await keys.key, log: log)
            await keys.follow { shown.use($0, revocations: $1) }
            webKeys = shown
        }
        return WebServer(
            .init(
                name: options.name, role: options.role, address: http.address, port: http.port,
                access: .ownHub(door: hub.endpoint), credentials: keys?.credentials, shows: shows.map { $0.shelf }),
            keys: webKeys, log: log)
    }

    private func serve(_ web: WebServer?, _ files: ServerFiles) async {
        guard let web else { return }
        let assets = await files.open()
        await web.serve(sharing: assets)
        files.close(assets)
    }

    private enum Event: Sendable {
        case brokerRuns(BrokerConfiguration.Kind, ProcessClock?)
        case outcome(ServerCoordinator.Outcome)
        case stopRequested
    }

    /// Starts the coordinator when both brokers run. Returns after a stop in good order, or with the Main server that it
    /// joins.
    private func conduct(
        _ events: AsyncStream<Event>, start: @Sendable (ProcessClock?) async -> ServerCoordinator
    ) async throws -> ServerAddress? {
        var clocks: [BrokerConfiguration.Kind: ProcessClock?] = [:]
        var coordinator: ServerCoordinator?
        for await event in events {
            switch event {
            case .brokerRuns(let kind, let clock):
                clocks[kind] = clock
                if clocks.count == 2 { coordinator = await start(clocks[.hub] ?? nil) }
            case .stopRequested:
                guard let coordinator else { return nil }
                await coordinator.requestStop()
            case .outcome(.readyToStop):
                await coordinator?.leave()
                return nil
            case .outcome(.joins(let main)):
                await coordinator?.leave()
                return main
            case .outcome(.failed(let error)):
                await coordinator?.leave()
                throw error
            }
        }
        return nil
    }
}
