import ArgumentParser
import Foundation
import HubClient
import Logging
import MQTTSession
import ServiceLifecycle

/// What every command understands.
struct CommonOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A JSON file with options of this command.", valueName: "file"))
    var config: String?
}

/// What every command understands that looks at a site from outside.
struct SiteOptions: ParsableArguments {
    @Option(
        name: .customLong("hub"), parsing: .singleValue,
        help: ArgumentHelp(
            "A hub of the site, ADDR[:PORT]; may be repeated. Default: 127.0.0.1:1883.", valueName: "addr"))
    var hubs: [Address] = []
    @OptionGroup var key: KeyOption

    var endpoints: [Endpoint] {
        hubs.isEmpty ? [.tcp(host: "127.0.0.1", port: Endpoint.defaultPort)] : hubs.map(\.endpoint)
    }
}

/// What every command understands that runs until it is stopped.
struct ServiceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How much is logged: trace, debug, info, notice, warning, error, critical.", valueName: "level"),
        transform: { text in
            guard let level = Logger.Level(rawValue: text) else { throw ValidationError("\(text) is not a log level.") }
            return level
        })
    var logLevel: Logger.Level = .info

    func run(_ makeService: (Logger) -> any Service) async throws {
        var log = Logger(label: "understudy", factory: { _ in LogLines() })
        log.logLevel = logLevel
        var lifecycleLog = log
        lifecycleLog.logLevel = max(logLevel, .warning)
        var configuration = ServiceGroupConfiguration(
            services: [.init(service: makeService(log), successTerminationBehavior: .gracefullyShutdownGroup)],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: lifecycleLog)
        configuration.maximumGracefulShutdownDuration = .seconds(10)
        try await ServiceGroup(configuration: configuration).run()
    }
}

/// Nobody answered at any of the addresses.
struct NoHubReached: Error, CustomStringConvertible {
    var causes: [(Endpoint, String)]
    /// A hub is there, and does not go together with this machine's key.
    var isRefusal: Bool

    init(_ view: SiteView) {
        isRefusal = view.reach.values.contains { if case .failed(let reason) = $0 { reason.isOfKeys } else { false } }
        causes = view.reach.compactMap { endpoint, reach in
            switch reach {
            case .failed(let reason): (endpoint, "\(reason)")
            case .connecting: (endpoint, "no answer")
            case .reached: (endpoint, "something answers there, but it is not an Understudy hub")
            }
        }.sorted { "\($0.0)" < "\($1.0)" }
    }

    var description: String {
        "no hub could be reached: " + causes.map { "\($0.0): \($0.1)" }.joined(separator: "; ")
            + (isRefusal ? "." : ". Check that a server runs there, or name another hub with --hub ADDR[:PORT].")
    }
}
