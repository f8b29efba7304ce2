// swift-tools-version: 6.2
import PackageDescription

// Warnings are errors where CI builds; elsewhere a newer compiler's warning must not stop a user.
let strict: [SwiftSetting] = Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTP = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let asyncAlgorithms = Target.Dependency.product(name: "AsyncAlgorithms", package: "swift-async-algorithms")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let orderedDictionary = Target.Dependency.product(name: "OrderedCollections", package: "swift-collections")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let jwt = Target.Dependency.product(name: "JWTKit", package: "jwt-kit")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")

/// What a browser gets of the panel: embedded, so that a server is one program.
let panelFiles = [
    "Pages/files.mustache", "Pages/index.mustache", "Pages/machines.mustache", "Pages/show-file.mustache",
    "Pages/show.mustache", "Pages/status.mustache", "Pages/texts.mustache", "Scripts/add-backup.js",
    "Scripts/by-hand.js", "Scripts/commands.js", "Scripts/delete-file.js", "Scripts/dialog.js", "Scripts/dom.js",
    "Scripts/dropped.js", "Scripts/edits.js", "Scripts/feed.js", "Scripts/file-listing.js", "Scripts/file-rights.js",
    "Scripts/file-texts.js", "Scripts/file-versions.js", "Scripts/files-lock.js", "Scripts/files.js", "Scripts/lag.js",
    "Scripts/load-show.js", "Scripts/machines.js", "Scripts/navigation.js", "Scripts/panel.js", "Scripts/picture.js",
    "Scripts/push-files.js", "Scripts/readiness.js", "Scripts/remove-backup.js", "Scripts/rights.js",
    "Scripts/save-show.js", "Scripts/show-file.js", "Scripts/show-list.js", "Scripts/show.js", "Scripts/status-bar.js",
    "Scripts/switch-hub.js", "Scripts/texts.js", "Scripts/timeline.js", "Scripts/upload-rows.js", "Scripts/uploads.js",
    "Scripts/viewer.js", "Styles/dialog.css", "Styles/files.css", "Styles/icon.svg", "Styles/machines.css",
    "Styles/panel.css", "Styles/show-file.css", "Styles/show.css", "Styles/status.css",
]

let package = Package(
    name: "understudy",
    products: [
        .executable(name: "understudy", targets: ["understudy"]),
        .library(name: "HubClient", targets: ["HubClient"]),
        // Mosquitto loads it; the server looks for it beside its own program.
        .library(name: "BrokerAccess", type: .dynamic, targets: ["BrokerAccess"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-async-algorithms", from: "1.1.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    // Every target names all that it imports: a change of a type's layout reaches only those that do.
    targets: [
        // The core: values only.
        .target(name: "FailoverCore", swiftSettings: strict),
        .target(name: "HubProtocol", dependencies: ["FailoverCore"], swiftSettings: strict),
        .target(name: "Replication", dependencies: ["FailoverCore", "HubProtocol", deque], swiftSettings: strict),

        // The way to a broker.
        .systemLibrary(
            name: "CMosquitto", pkgConfig: "libmosquitto", providers: [.apt(["libmosquitto-dev"])]),
        .systemLibrary(name: "CISAL", pkgConfig: "libisal", providers: [.apt(["libisal-dev"])]),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .target(name: "MQTTSession", dependencies: ["CMosquitto", "CLinux", "COpenSSL", heap], swiftSettings: strict),

        // Machines.
        .target(name: "LocalState", dependencies: ["FailoverCore", "CLinux", crypto, system], swiftSettings: strict),
        .target(
            name: "StateStore", dependencies: ["FailoverCore", "HubProtocol", "Replication", grdb],
            swiftSettings: strict),
        .target(
            name: "AssetProtocol", dependencies: ["FailoverCore", "HubProtocol"], swiftSettings: strict),
        .target(
            name: "ContentFile", dependencies: ["AssetProtocol", "CISAL", "CLinux", crypto, system],
            swiftSettings: strict),
        .target(
            name: "AssetStore",
            dependencies: [
                "AssetProtocol", "CLinux", "ContentFile", "FailoverCore", "HubProtocol", crypto, grdb, system,
            ],
            swiftSettings: strict),
        .target(
            name: "AssetHub", dependencies: ["AssetProtocol", "AssetStore", "FailoverCore", "HubProtocol"],
            swiftSettings: strict),
        .target(
            name: "AssetClient",
            dependencies: [
                "AssetProtocol", "CLinux", "ContentFile", "FailoverCore", "HubProtocol", "Keys", asyncHTTP, crypto,
                grdb, nio, nioHTTP1, nioPosix, nioSSL, system,
            ],
            swiftSettings: strict),
        .target(
            name: "ShowFile", dependencies: ["FailoverCore", "HubProtocol", "Replication", crypto],
            swiftSettings: strict),
        .target(
            name: "HubClient",
            dependencies: [
                "FailoverCore", "HubProtocol", "MQTTSession", "LocalState", "Replication", logging, lifecycle,
            ],
            swiftSettings: strict),
        .target(
            name: "BrokerConfiguration", path: "broker-config", exclude: ["README.md"],
            resources: [
                .embedInCode("hub.conf"), .embedInCode("control.conf"), .embedInCode("keys.conf"),
                .embedInCode("hub.access"), .embedInCode("control.access"),
            ],
            swiftSettings: strict),
        .target(name: "BrokerAccess", dependencies: ["COpenSSL"]),
        .target(
            name: "License", dependencies: ["FailoverCore", "HubProtocol", "LocalState", jwt], swiftSettings: strict),
        .target(
            name: "Keys",
            dependencies: ["COpenSSL", "FailoverCore", "HubProtocol", "LocalState", asn1, crypto, jwt, system, x509],
            swiftSettings: strict),
        .target(name: "ChildProcess", dependencies: [subprocess, system], swiftSettings: strict),
        .target(
            name: "Discovery", dependencies: ["ChildProcess", "FailoverCore", asyncAlgorithms, logging],
            swiftSettings: strict),
        .target(
            name: "Panel", dependencies: ["FailoverCore", "HubProtocol", crypto, mustache],
            resources: panelFiles.map { .embedInCode($0) }, swiftSettings: strict),
        .target(
            name: "WebServer",
            dependencies: [
                "AssetClient", "AssetHub", "AssetProtocol", "AssetStore", "Discovery", "FailoverCore", "HubClient",
                "HubProtocol", "Keys", "MQTTSession", "Panel", asyncAlgorithms, asyncHTTP, httpTypes, hummingbird,
                hummingbirdCore, logging, nio, nioHTTP, nioHTTP1, nioPosix, nioSSL,
            ],
            swiftSettings: strict),
        .target(
            name: "HubServer",
            dependencies: [
                "AssetHub", "BrokerConfiguration", "ChildProcess", "Discovery", "FailoverCore", "HubClient",
                "HubProtocol",
                "Keys", "License", "LocalState", "MQTTSession", "Replication", "ShowFile", "StateStore", "WebServer",
                deque, lifecycle, logging, orderedDictionary,
            ],
            swiftSettings: strict),

        // Programs.
        .target(
            name: "LocalSite",
            dependencies: [
                "ChildProcess", "FailoverCore", "HubClient", "HubProtocol", "Keys", "License", "MQTTSession",
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "understudy",
            dependencies: [
                "AssetClient", "AssetProtocol", "Discovery", "FailoverCore", "HubProtocol", "HubServer", "HubClient",
                "Keys", "License", "LocalSite", "LocalState", "MQTTSession", "WebServer", argumentParser,
                asyncAlgorithms, configuration, lifecycle, logging, signals, system,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "FailoverBenchmark",
            dependencies: [
                "FailoverCore", "HubClient", "HubProtocol", "LocalSite", "MQTTSession", argumentParser, histogram,
            ],
            swiftSettings: strict),
        .target(name: "PlainClient", dependencies: ["CMosquitto"]),
        .executableTarget(
            name: "ShowBenchmark",
            dependencies: [
                "FailoverCore", "HubClient", "HubProtocol", "LocalSite", "MQTTSession", "PlainClient", argumentParser,
                histogram,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "LoadCheck",
            dependencies: [
                "ChildProcess", "FailoverCore", "HubClient", "HubProtocol", "LocalSite", "MQTTSession", argumentParser,
            ],
            swiftSettings: strict),
        .target(name: "ShowHistory", swiftSettings: strict),
        .executableTarget(
            name: "ShowCheck",
            dependencies: [
                "FailoverCore", "HubClient", "HubProtocol", "LocalSite", "MQTTSession", "ShowHistory", argumentParser,
                signals,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "AssetStoreTrial",
            dependencies: ["AssetProtocol", "AssetStore", "FailoverCore", argumentParser, crypto, system],
            swiftSettings: strict),
        .executableTarget(name: "ModelCheck", dependencies: ["FailoverCore", argumentParser], swiftSettings: strict),
        .executableTarget(
            name: "Simulation",
            dependencies: ["FailoverCore", "HubProtocol", "Replication", argumentParser, heap], swiftSettings: strict),

        // Tests.
        .testTarget(name: "FailoverCoreTests", dependencies: ["FailoverCore"], swiftSettings: strict),
        .testTarget(name: "HubProtocolTests", dependencies: ["FailoverCore", "HubProtocol"], swiftSettings: strict),
        .testTarget(
            name: "ReplicationTests", dependencies: ["FailoverCore", "HubProtocol", "Replication"],
            swiftSettings: strict),
        .testTarget(name: "LocalStateTests", dependencies: ["LocalState"], swiftSettings: strict),
        .testTarget(
            name: "StateStoreTests",
            dependencies: ["FailoverCore", "HubProtocol", "Replication", "StateStore", grdb],
            swiftSettings: strict),
        .testTarget(
            name: "ShowFileTests", dependencies: ["FailoverCore", "HubProtocol", "Replication", "ShowFile"],
            resources: [.copy("version-1.show")], swiftSettings: strict),
        .testTarget(
            name: "ContentFileTests", dependencies: ["AssetProtocol", "ContentFile", crypto, system],
            swiftSettings: strict),
        .testTarget(
            name: "AssetStoreTests",
            dependencies: [
                "AssetProtocol", "AssetStore", "AssetStoreTrial", "ChildProcess", "FailoverCore", crypto, grdb, system,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "AssetClientTests",
            dependencies: ["AssetClient", "AssetProtocol", "ContentFile", "FailoverCore", "HubProtocol", crypto, nio],
            swiftSettings: strict),
        .testTarget(
            name: "AssetHubTests", dependencies: ["AssetHub", "AssetProtocol", "AssetStore", "FailoverCore"],
            swiftSettings: strict),
        .testTarget(
            name: "LicenseTests", dependencies: ["FailoverCore", "HubProtocol", "License"], swiftSettings: strict),
        .testTarget(
            name: "KeysTests", dependencies: ["FailoverCore", "Keys", asn1, crypto, jwt, x509], swiftSettings: strict),
        .testTarget(name: "DiscoveryTests", dependencies: ["Discovery", "FailoverCore"], swiftSettings: strict),
        .testTarget(name: "ShowHistoryTests", dependencies: ["ShowHistory"], swiftSettings: strict),
        .testTarget(
            name: "MQTTSessionTests",
            dependencies: ["MQTTSession", "ChildProcess", "FailoverCore", "HubProtocol", "Keys", "LocalSite"],
            swiftSettings: strict),
        .testTarget(
            name: "SiteTests",
            dependencies: [
                "ChildProcess", "FailoverCore", "HubClient", "HubProtocol", "LocalSite", "MQTTSession", "understudy",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "PanelTests",
            dependencies: [
                "ChildProcess", "FailoverCore", "HubClient", "LocalSite", "MQTTSession", "understudy", subprocess,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "NetworkTests",
            dependencies: ["ChildProcess", "FailoverCore", "HubClient", "HubProtocol", "LocalSite", "understudy"],
            swiftSettings: strict),
        .testTarget(
            name: "CommandLineTests",
            dependencies: [
                "BrokerConfiguration", "ChildProcess", "FailoverCore", "HubClient", "HubProtocol", "Keys", "License",
                "LocalSite", "MQTTSession", "understudy", crypto, grdb, subprocess, system,
            ],
            exclude: ["Keys/paho_client.py", "Keys/hostile_connections.py", "Keys/flood.py", "Keys/raw_sessions.py"],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
