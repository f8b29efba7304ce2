import FailoverCore
import HubClient
import HubProtocol
import LocalSite
import ShowHistory

/// Starts again what has ended, and knows when the site is whole.
actor SiteCare {
    let site: LocalSite
    private let recorder: Recorder
    private let clients: [MachineName]
    private var calmSince: Elapsed?

    struct NotReady: Error, CustomStringConvertible {
        let description: String
    }

    init(_ site: LocalSite, clients: [MachineName], recorder: Recorder) {
        self.site = site
        self.clients = clients
        self.recorder = recorder
    }

    // MARK: - State

    /// Which hub is active, if the pair is whole: both hubs say the same, and a failover would be safe.
    var readyHub: MachineName? {
        get async {
            let view = await site.watch.view
            let hubs = [site.main, site.backup].map { view.hubs[$0.observed] }
            guard [site.main, site.backup].allSatisfy({ view.reach[$0.observed] == .reached }),
                let active = hubs[0]?.active, active == hubs[1]?.active, let holder = active.hub,
                hubs.allSatisfy({ $0?.state?.ready == true && $0?.pair?.mode == .paired && $0?.pair?.holder == holder })
            else { return nil }
            return holder
        }
    }

    var activeHub: MachineName? {
        get async { await site.watch.view.authority?.active?.hub }
    }

    func server(_ name: MachineName) -> LocalSite.Server { name == site.main.name ? site.main : site.backup }

    func standby(of holder: MachineName) -> LocalSite.Server { holder == site.main.name ? site.backup : site.main }

    /// Waits until the pair is whole, and starts what has ended meanwhile.
    @discardableResult
    func becomeReady(within bound: Duration) async throws -> MachineName {
        let began = ContinuousClock.now
        while true {
            if let holder = await readyHub { return holder }
            guard ContinuousClock.now - began < bound else {
                throw NotReady(description: "not paired and in sync within \(bound): \(await summary)")
            }
            try await startWhatEnded()
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    var summary: String {
        get async {
            let view = await site.watch.view
            return [site.main, site.backup].map { server in
                let hub = view.hubs[server.observed]
                return "\(server.name) \(view.reach[server.observed].map { "\($0)" } ?? ""), active "
                    + "\(hub?.active?.hub?.description ?? "none") epoch \(hub?.active?.epoch.description ?? "none"), "
                    + "\(hub?.pair?.mode.rawValue ?? ""), missing "
                    + "\(hub?.state?.missing.map(\.rawValue).joined(separator: " ") ?? "")"
            }.joined(separator: "; ")
        }
    }

    func startWhatEnded() async throws {
        for server in [site.main, site.backup] {
            guard let process = await site.process(of: server.name), process.endedAt != nil else { continue }
            try await start(server)
        }
        for client in clients {
            guard let process = await site.process(of: client), process.endedAt != nil else { continue }
            await recorder.note(kind: "client ended", "\(client) ended by itself: \(process.lines.suffix(3))")
            try await site.startClient(client)
        }
    }

    func start(_ server: LocalSite.Server) async throws {
        recorder.say("\(server.name) starts")
        try await site.start(server)
    }

    // MARK: - Calm

    /// Looks again and again whether the site is whole and left alone, until the task is cancelled.
    func watchCalm() async {
        while !Task.isCancelled {
            await lookForCalm()
            try? await Task.sleep(for: .milliseconds(20))
        }
        await endCalm()
    }

    private var calmHub: MachineName?

    private func lookForCalm() async {
        let hub = await readyHub
        if hub != calmHub { await endCalm() }
        guard let hub, calmSince == nil else { return }
        calmHub = hub
        calmSince = recorder.now
    }

    /// Something is about to be done to the site.
    func endCalm() async {
        guard let began = calmSince else { return }
        calmSince = nil
        calmHub = nil
        await recorder.noteCalm(since: began)
    }
}
