import ArgumentParser
import FailoverCore
import Foundation
import HubClient
import HubProtocol
import LocalSite

/// Loads a site of real processes, and fails if any server takes over: nothing is wrong with the one that acts.
@main
struct LoadCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "No false switch under load, at the default timing.",
        discussion: """
            Prints, for each load, how often a hub other than Main was announced (which must be never), and how many epochs \
            Main began: a pair that is renewed moves nobody. Exits 1 on a switch.
            """)

    @Option(help: "\(Load.allCases.map(\.rawValue).joined(separator: ", ")); all when not given.")
    var load: [Load] = []
    @Option(help: "How long each load lasts.")
    var seconds = 600

    func run() async throws {
        setenv("UNDERSTUDY_LOG_LEVEL", "error", 1)
        var switches = 0
        for load in load.isEmpty ? Load.allCases : load { switches += try await check(load) }
        guard switches == 0 else { throw ExitCode.failure }
    }

    private func check(_ load: Load) async throws -> Int {
        let clients = ["cam-1", "gfx-1", "audio-1"].map { MachineName($0)! }
        let site = try await LocalSite(returnDelay: 5)
        do {
            try await site.startAll(clients: clients)
            let began = ContinuousClock.now
            let work = try await load.run(on: site.main.endpoint, for: .seconds(seconds))
            let span = ContinuousClock.now - began
            let announcements = await site.watch.announcements.map(\.active)
            let others = Set(announcements.filter { $0.hub != nil && $0.hub != site.main.name }.map(\.epoch))
            let stoodDown = Set(announcements.filter { $0.hub == nil }.map(\.epoch))
            let epochs = Set(announcements.filter { $0.hub == site.main.name }.map(\.epoch))
            print(
                "\(load.description), \(Int(span / .seconds(1))) s (\(work)): \(others.count) switches, Main stood down "
                    + "\(stoodDown.count) times, \(epochs.count) epochs of Main")
            for active in announcements where others.contains(active.epoch) {
                print(
                    "  epoch \(active.epoch) of \(active.hub.map { "\($0)" } ?? "nobody"): \(active.reason.rawValue), \(active.evidence ?? "")"
                )
            }
            await site.end()
            return others.count
        } catch {
            await site.end()
            throw error
        }
    }
}
