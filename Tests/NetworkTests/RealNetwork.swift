import FailoverCore
import Foundation
import HubClient
import HubProtocol
import LocalSite
import Testing

extension Trait where Self == ConditionTrait {
    /// Says what is missing where tests are skipped.
    static var realNetworks: Self {
        .enabled("these tests make real networks, which needs root, unshare, ip and nft") {
            await RealNetwork.arePossible.value
        }
    }
}

/// A site of real servers and clients, each in a network namespace of its own, with one cable to one switch.
struct RealNetwork {
    let site: LocalSite
    let network: ShowNetwork
    let clients: [MachineName]

    var main: LocalSite.Server { site.main }
    var backup: LocalSite.Server { site.backup }

    fileprivate static let arePossible = Task {
        do {
            let network = try await ShowNetwork(machines: [LocalSite.mainName])
            await network.end()
            return true
        } catch {
            print("No real network here: \(error)")
            return false
        }
    }

    static let threeClients = ["cam-1", "gfx-1", "audio-1"].map { MachineName($0)! }

    /// Runs `body` on a site that is at home, and leaves nothing behind.
    ///
    /// - Parameter mayOverlap: whether two servers may be active at one moment, as rule 7 has it.
    static func with(
        clients: [MachineName] = threeClients, mayOverlap: Bool = false, hasAvahi: Bool = false,
        body: (RealNetwork) async throws -> Void
    ) async throws {
        let machines = [LocalSite.mainName, LocalSite.backupName] + clients
        let network = try await ShowNetwork(machines: machines)
        let site: LocalSite
        do {
            site = try await LocalSite(returnDelay: 0.3, in: network)
        } catch {
            await network.end()
            throw error
        }
        let it = RealNetwork(site: site, network: network, clients: clients)
        do {
            if hasAvahi { for machine in machines { try await network.startAvahi(on: machine) } }
            try await site.startAll(clients: clients)
            try await it.waitForHome()
            try await body(it)
        } catch {
            for machine in machines {
                let said = await site.process(of: machine)?.lines.suffix(20).joined(separator: "\n")
                Issue.record("\(machine) said: \(said ?? "nothing")")
            }
            await it.end(mayOverlap: mayOverlap)
            throw error
        }
        await it.end(mayOverlap: mayOverlap)
    }

    private func end(mayOverlap: Bool) async {
        let timeline = await timeline
        print("Timeline: \(timeline)")
        if !mayOverlap { #expect(timeline.overlaps.isEmpty, "\(timeline)") }
        // What each hub told its clients of itself is what its server logged; the way here takes its time.
        for server in [main, backup] {
            for said in await site.watch.announcements
            where said.from == server.observed && said.active.hub == server.name {
                #expect(timeline.wasActive(server.name, around: said.at, tolerance: 1), "\(said): \(timeline)")
            }
        }
        await site.end()
        await network.end()
    }

    var timeline: Timeline {
        get async {
            let servers = [main.name, backup.name]
            return await Timeline(
                site.runs.filter { servers.contains($0.machine) }.map {
                    .init(server: $0.machine, lines: $0.process.lines, endedAt: $0.process.endedAt)
                })
        }
    }

    // MARK: - What the site shows

    /// What the broker of a server says, whether anybody on the network reaches it or not.
    func hub(_ server: LocalSite.Server) async -> HubView? { await site.watch.view.hubs[server.observed] }

    func machines() async -> [MachineName: MachineView] { await site.watch.view.machines }

    /// Reasons of the newest transitions, newest first. That others vote from now on says nothing of who acts.
    func reasons(_ count: Int, at server: LocalSite.Server) async -> [Reason]? {
        let all = await hub(server)?.history?.transitions.map(\.reason)
        return all?.filter { $0 != .witnessesChanged }.prefix(count).map(\.self)
    }

    func wait(
        for what: String, at server: LocalSite.Server, within bound: Duration = .seconds(20),
        until condition: @escaping @Sendable (HubView) -> Bool
    ) async throws {
        let endpoint = server.observed
        try await site.watch.wait(for: "\(server.name): \(what)", within: bound) {
            $0.reach[endpoint] == .reached && $0.hubs[endpoint].map(condition) ?? false
        }
    }

    /// Main active, everyone there and on both hubs, and as many witnesses as there can be hear both servers.
    func waitForHome(within bound: Duration = .seconds(45)) async throws {
        try await site.waitForHome(clients, within: bound)
        let (main, clients) = (main, clients)
        try await site.watch.wait(for: "both hubs up for everyone, all witnesses attend", within: bound) { view in
            let machines = view.machines
            guard let pair = view.hubs[main.observed]?.pair, pair.mode == .paired,
                pair.witnesses.count == (clients.count >= 3 ? 3 : min(clients.count, 1))
            else { return false }
            return clients.allSatisfy { machines[$0]?.links?.hubs.values.count { $0 == .up } == 2 }
                && pair.witnesses.allSatisfy { machines[$0]?.links?.control?.values.count { $0 == .up } == 2 }
        }
    }

    /// Clients that have ever switched.
    var moved: [MachineName] {
        get async {
            let machines = await machines()
            return clients.filter { machines[$0]?.lastSwitch != nil }
        }
    }

    /// To be called when the site is at home again: a server logs a moment after it has told the others.
    func expectMainStoodDownFirst() async throws {
        let timeline = await timeline
        let mainEnded = try #require(timeline[main.name].first?.end)
        let backupBegan = try #require(timeline[backup.name].first?.start)
        #expect(mainEnded < backupBegan, "\(timeline)")
    }

    /// Main acted all the time, and nobody else did.
    ///
    /// Where the processors are busy with other things, the votes for its next epoch may come a moment after its lease
    /// has ended. On an idle machine there is no gap at all.
    func expectMainActsOn() async {
        let timeline = await timeline
        let acted = timeline[main.name]
        #expect(timeline[backup.name].isEmpty && acted.last?.end == nil, "\(timeline)")
        for (before, after) in zip(acted, acted.dropFirst()) {
            let gap = before.end.map { after.start.timeIntervalSince($0) }
            #expect(gap.map { $0 < 0.1 } == true, "\(timeline)")
        }
    }

    /// Nothing else tells that something does *not* happen but to look on for a while. The pause is longer than the one
    /// after which a standby without witnesses acts (rule 7).
    func expectQuiet(_ what: String, until unwanted: @escaping @Sendable (SiteView) -> Bool) async throws {
        do {
            try await site.watch.wait(for: what, within: .seconds(1.5), until: unwanted)
            Issue.record("seen, and should not be: \(what)")
        } catch is SiteWatch.NotSeen {
            // As it should be.
        }
    }
}
