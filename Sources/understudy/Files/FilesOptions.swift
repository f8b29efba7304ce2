import ArgumentParser
import AssetClient
import Foundation
import HubClient
import HubProtocol
import Keys

/// What `push`, `pull` and `reset` understand.
struct FilesOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The top folder of the files. Default: the current one.", valueName: "dir"))
    var folder = "."
    @Flag(help: "One JSON object at the end.")
    var json = false
    @OptionGroup var site: SiteOptions

    /// - Parameter confirm: called before anything is done; may throw.
    func run(
        _ intent: FilesIntent, paths: [String], confirm: (FilesPlan) throws -> Void = { _ in }
    ) async throws {
        let working = try WorkingFolder(path: folder)
        let selection = paths.isEmpty ? .all : try working.selection(paths)
        if case .push = intent { try working.check(selection, as: paths) }
        let place = try await FilesPlace.find(site)
        try place.checkOpen(intent)
        let report = try await place.withServer { server in
            let progress = TransferProgress()
            let run = FilesRun(folder: working, server: server, cache: ContentCache(), progress: progress)
            let start = ContinuousClock.now
            let plan = try await ProgressBar.show(progress) { try await run.plan(intent, selection) }
            if plan.isEmpty, let path = paths.first { throw AssetClientError.noSuchFile(path) }
            try confirm(plan)
            var report = try await ProgressBar.show(progress) { try await run.carryOut(plan) }
            if case .broken = report.stop, let reason = await place.lockNow(site, intent) {
                report = report.stopped(by: .locked(reason: reason))
            }
            return (report, ContinuousClock.now - start)
        }
        try FilesResult(report.0, intent, took: report.1).show(asJSON: json)
    }
}

/// Where a site's files lie, and whether they may be pushed and pulled.
struct FilesPlace {
    let files: HubFiles
    private let key: MachineKey?

    /// - Throws: `NoHubReached`, `KeyError` or `FilesRefusal`.
    static func find(_ site: SiteOptions) async throws -> FilesPlace {
        let key = try site.key.read()
        guard let view = await look(site) else { throw CancellationError() }
        guard let hub = view.authority else { throw NoHubReached(view) }
        guard let files = hub.files else {
            throw FilesRefusal(
                description: "the server says nothing about files. Use the same version of Understudy here and there.")
        }
        return FilesPlace(files: files, key: key)
    }

    private static func look(_ site: SiteOptions) async -> SiteView? {
        for await view in SiteObserver.views(of: site.endpoints, credentials: site.key.credentials) { return view }
        return nil
    }

    func checkOpen(_ intent: FilesIntent) throws {
        if let lock = Self.lock(files, intent) { throw FilesRefusal.locked(lock) }
    }

    /// Why files are locked by now; `nil`: they are not, or nobody says so.
    func lockNow(_ site: SiteOptions, _ intent: FilesIntent) async -> String? {
        await Self.look(site)?.authority?.files.flatMap { Self.lock($0, intent) }
    }

    func withServer<Result>(_ body: (AssetServer) async throws -> Result) async throws -> Result {
        guard let url = files.url else {
            throw FilesRefusal(
                description: files.reason
                    ?? "the Main server does not offer its files. Start it with --http, or wait until it is back.")
        }
        let server = try AssetServer(url: url, key: key)
        do {
            let result = try await body(server)
            await server.close()
            return result
        } catch {
            await server.close()
            throw error
        }
    }

    private static func lock(_ files: HubFiles, _ intent: FilesIntent) -> String? {
        var access = files.pull
        if case .push = intent { access = files.push }
        return access == .open ? nil : files.reason ?? "the server does not say why."
    }
}

/// The site does not do what was asked of its files.
struct FilesRefusal: Error, CustomStringConvertible {
    var description: String

    static func locked(_ reason: String) -> Self { Self(description: "files are locked: \(reason)") }
}
