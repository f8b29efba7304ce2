import FailoverCore
import Foundation
import HubClient
import HubProtocol
import LocalSite

/// One fault of one site.
enum Run {
    struct ClientMoved: Error, CustomStringConvertible {
        let description = "a client moved, although only the Backup was lost"
    }

    struct NotFollowed: Error, CustomStringConvertible {
        var clients: [String]
        var wasAnnounced: Bool

        var description: String {
            let hub = wasAnnounced ? "said that it is active" : "never said that it is active"
            return "within 20 s the Backup \(hub), and did not hear from \(clients.joined(separator: ", "))"
        }
    }

    static func measure(_ fault: Fault, clients: Int, hasKeys: Bool, trace: Bool) async throws -> (Duration, Duration) {
        let names = (1...clients).map { MachineName("client-\($0)")! }
        let network =
            fault.needsNetwork
            ? try await ShowNetwork(machines: [LocalSite.mainName, LocalSite.backupName] + names) : nil
        let site =
            if let network { try await LocalSite(returnDelay: 5, in: network, hasKeys: hasKeys) } else {
                try await LocalSite(returnDelay: 5, hasKeys: hasKeys)
            }
        do {
            try await site.startAll(clients: names)
            try await waitForWitnesses(of: site, names)
            let (moment, spans) =
                try await fault.hitsMain
                ? lose(main: fault, site, network, names) : lose(backup: fault, site, network, names)
            if trace { print("\(fault.description)\n\(await Trace(site, since: moment))") }
            await end(site, network)
            return spans
        } catch {
            await end(site, network)
            throw error
        }
    }

    private static func lose(
        main fault: Fault, _ site: LocalSite, _ network: ShowNetwork?, _ names: [MachineName]
    ) async throws -> (moment: Date, spans: (Duration, Duration)) {
        let strike = try await fault.aim(at: site, network)
        let listener = try await Listener(at: site.backup, site.credentials, for: names)
        await site.watch.stop()
        let (moment, start) = (Date.now, ContinuousClock.now)
        async let last = listener.lastClient()
        try await strike()
        guard let last = await last, let announced = await listener.announcedAt else {
            throw NotFollowed(clients: await listener.awaited.sorted(), wasAnnounced: await listener.announcedAt != nil)
        }
        await listener.stop()
        return (moment, (announced - start, last - start))
    }

    private static func lose(
        backup fault: Fault, _ site: LocalSite, _ network: ShowNetwork?, _ names: [MachineName]
    ) async throws -> (moment: Date, spans: (Duration, Duration)) {
        let main = site.main
        let publisher = try await Publisher(hubs: [main.observed, site.backup.observed], site.credentials)
        let strike = try await fault.aim(at: site, network)
        let (moment, start) = (Date.now, ContinuousClock.now)
        async let alone = site.watch.wait(for: "Main alone") { $0.hubs[main.observed]?.pair?.mode != .paired }
        try await strike()
        let span = try await alone - start
        // Also what waits for Main's disk once it is alone.
        try await publisher.stop(after: .milliseconds(200))
        guard
            await site.watch.view.machines.filter({ names.contains($0.key) }).allSatisfy({ $0.value.lastSwitch == nil })
        else { throw ClientMoved() }
        return (moment, (span, await publisher.longestStall))
    }

    /// The pair has all the witnesses that it will have: it is not renewed during the measurement.
    private static func waitForWitnesses(of site: LocalSite, _ names: [MachineName]) async throws {
        let main = site.main
        try await site.watch.wait(for: "witnesses that hear both servers") { view in
            guard let pair = view.hubs[main.observed]?.pair, pair.mode == .paired,
                pair.witnesses.count == (names.count >= 3 ? 3 : 1)
            else { return false }
            return pair.witnesses.allSatisfy { view.machines[$0]?.links?.control?.values.count { $0 == .up } == 2 }
        }
    }

    private static func end(_ site: LocalSite, _ network: ShowNetwork?) async {
        await site.end()
        await network?.end()
    }
}
