import AssetHub
import FailoverCore
import HubClient
import Hummingbird
import HummingbirdCore
import Logging
import MQTTSession
import NIOPosix
import Panel

/// A machine's own HTTP server: the panel, how the site stands, and commands. It has no state and no rights of its own: on
/// a server it reads that server's hub, and hands commands to it, through the private door; on a client it does so with that
/// client's key at the hubs that it knows.
public struct WebServer: Sendable {
    public struct Options: Sendable {
        /// This machine's.
        public var name: MachineName
        public var role: Role
        /// The IP address to listen on.
        public var address: String
        public var port: UInt16
        public var access: HubAccess
        /// For all hubs that are not reached by a private door.
        public var credentials: TLSCredentials?
        /// What this machine's key allows it; 3 without keys.
        public var permission: Int
        /// `nil`: this is no Main server.
        public var shows: ShowShelf?

        public init(
            name: MachineName, role: Role, address: String, port: UInt16, access: HubAccess,
            credentials: TLSCredentials?, permission: Int = 3, shows: ShowShelf? = nil
        ) {
            self.name = name
            self.role = role
            self.address = address
            self.port = port
            self.access = access
            self.credentials = credentials
            self.shows = shows
            self.permission = permission
        }
    }

    private let options: Options
    private let keys: WebKeys?
    private let log: Logger

    /// - Parameter keys: `nil`: plain HTTP, and everyone may do what this machine may.
    public init(_ options: Options, keys: WebKeys?, log: Logger) {
        self.options = options
        self.keys = keys
        self.log = log
    }

    /// Runs until the task is cancelled. What people look at is not worth more than an error in the log.
    ///
    /// - Parameter assets: the files that lie on this machine; `nil`: none do.
    public func serve(sharing assets: AssetHub? = nil) async {
        do {
            try await run(sharing: assets)
        } catch is CancellationError {
        } catch {
            log.error("HTTP has ended: \(error). The show goes on without it; restart this machine to have it again.")
        }
    }

    private func run(sharing assets: AssetHub?) async throws {
        // One thread: strangers' handshakes must not keep more than one processor from the election.
        let thread = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let feed = SiteFeed(of: options.name, access: options.access, credentials: options.credentials)
        // A server knows more of the site's files than any other one could tell it.
        let main =
            options.access.door == nil
            ? WayToMain(of: options.name, credentials: options.credentials, feed: feed, on: thread) : nil
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await run(on: thread, feed, sharing: assets, main))
        } catch {
            outcome = .failure(error)
        }
        await main?.close()
        try? await thread.shutdownGracefully()
        try outcome.get()
    }

    private func run(
        on thread: MultiThreadedEventLoopGroup, _ feed: SiteFeed, sharing assets: AssetHub?, _ main: WayToMain?
    ) async throws {
        let show = ShowFeed(of: options.name, access: options.access, credentials: options.credentials)
        var quiet = log
        quiet.logLevel = max(log.logLevel, .warning)
        let application = Application(
            router: try router(feed, show, assets, main),
            server: HTTPServerBuilder { [keys] in WebConnection(keys: keys, responder: $0) },
            configuration: ApplicationConfiguration(
                address: .hostname(options.address, port: Int(options.port)),
                availableConnectionsDelegate: .maximum(Bounds.connections, logger: quiet)),
            onServerRunning: { [options, log, keys] _ in
                log.info(
                    "\(keys == nil ? "http" : "https")://\(Endpoint.tcp(host: options.address, port: options.port)) is open"
                )
            },
            eventLoopGroupProvider: .shared(thread), logger: quiet)
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { await feed.run() }
            if let assets { tasks.addTask { await assets.uploads.run() } }
            tasks.addTask { await show.run() }
            if let keys { tasks.addTask { await keys.tellOfChanges { await feed.refresh() } } }
            tasks.addTask { try await application.run() }
            defer { tasks.cancelAll() }
            try await tasks.next()
        }
    }

    private func router(
        _ feed: SiteFeed, _ show: ShowFeed, _ assets: AssetHub?, _ main: WayToMain?
    ) throws -> Router<WebContext> {
        let router = Router(context: WebContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: Problems())
        router.add(middleware: OwnOrigin(name: options.name, hasKeys: keys != nil))
        HealthRoutes(name: options.name, hub: options.access.door, feed: feed).add(to: router)
        // What a stranger may not see.
        let members = router.group().add(middleware: CallerCheck(own: options.name, keys: keys))
            .group(context: MemberContext.self)
        StateRoutes(feed: feed, keys: keys).add(to: members)
        MetricsRoutes(feed: feed).add(to: members)
        let commands = CommandRoutes(access: options.access, credentials: options.credentials, feed: feed)
        commands.add(to: members)
        if let assets {
            FileRoutes(assets: assets, keys: keys).add(to: members)
            UploadRoutes(assets: assets, keys: keys).add(to: members)
        } else if let hub = options.access.door {
            FilesElsewhere(hub: hub, feed: feed, isMain: options.role == .main).add(to: members)
        } else if let main {
            FilesThroughMain(main: main).add(to: members)
        }
        ShowFileRoutes(shelf: options.shows, main: main, commands: commands).add(to: members)
        ShowRoutes(feed: show, permission: options.permission, keys: keys).add(to: members)
        DiscoveryRoutes().add(to: members)
        PanelRoutes(page: try PanelPage(), options: options, hasKeys: keys != nil).add(to: members)
        return router
    }
}
