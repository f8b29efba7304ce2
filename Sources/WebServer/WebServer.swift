import AssetHub
import FailoverCore
import HubClient
import Hummingbird
import HummingbirdCore
import Logging
import MQTTSession
import NIOPosix

/// A server machine's own HTTP server: how the site stands, and commands. It has no state and no rights of its own: it
/// reads this server's hub, and hands commands to it, through the private door.
public struct WebServer: Sendable {
    public struct Options: Sendable {
        /// This server machine's.
        public var name: MachineName
        /// The IP address to listen on.
        public var address: String
        public var port: UInt16
        /// The private door of this server's hub.
        public var hub: Endpoint
        /// For the hubs that this one names.
        public var credentials: TLSCredentials?
        /// `nil`: this is no Main server.
        public var shows: ShowShelf?

        public init(
            name: MachineName, address: String, port: UInt16, hub: Endpoint, credentials: TLSCredentials?,
            shows: ShowShelf? = nil
        ) {
            self.name = name
            self.address = address
            self.port = port
            self.hub = hub
            self.credentials = credentials
            self.shows = shows
        }
    }

    private let options: Options
    private let keys: WebKeys?
    private let log: Logger

    /// - Parameter keys: `nil`: plain HTTP, and everyone may do everything.
    public init(_ options: Options, keys: WebKeys?, log: Logger) {
        self.options = options
        self.keys = keys
        self.log = log
    }

    /// Runs until the task is cancelled.
    ///
    /// - Parameter assets: the files that lie on this server; `nil`: none do.
    /// - Throws: what the system says when it cannot listen.
    public func run(sharing assets: AssetHub?) async throws {
        // One thread: strangers' handshakes must not keep more than one processor from the election.
        let thread = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            try await run(on: thread, sharing: assets)
        } catch {
            try? await thread.shutdownGracefully()
            throw error
        }
        try await thread.shutdownGracefully()
    }

    private func run(on thread: MultiThreadedEventLoopGroup, sharing assets: AssetHub?) async throws {
        let feed = SiteFeed(of: options.name, hub: options.hub, credentials: options.credentials)
        var quiet = log
        quiet.logLevel = max(log.logLevel, .warning)
        let application = Application(
            router: router(feed, assets),
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
            if let keys { tasks.addTask { await keys.tellOfChanges { await feed.refresh() } } }
            tasks.addTask { try await application.run() }
            defer { tasks.cancelAll() }
            try await tasks.next()
        }
    }

    private func router(_ feed: SiteFeed, _ assets: AssetHub?) -> Router<WebContext> {
        let router = Router(context: WebContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: Problems())
        router.add(middleware: OwnOrigin(name: options.name, hasKeys: keys != nil))
        HealthRoutes(name: options.name, hub: options.hub, feed: feed).add(to: router)
        // What a stranger may not see; the show file and the panel's pages belong here as well.
        let members = router.group().add(middleware: CallerCheck(own: options.name, keys: keys))
            .group(context: MemberContext.self)
        StateRoutes(feed: feed, keys: keys).add(to: members)
        MetricsRoutes(feed: feed).add(to: members)
        let commands = CommandRoutes(hub: options.hub)
        commands.add(to: members)
        ShowRoutes(shelf: options.shows, commands: commands).add(to: members)
        if let assets {
            FileRoutes(assets: assets, commands: commands).add(to: members)
            UploadRoutes(assets: assets).add(to: members)
        } else {
            FilesElsewhere(hub: options.hub, feed: feed).add(to: members)
        }
        return router
    }
}
