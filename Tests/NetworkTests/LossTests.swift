import FailoverCore
import HubClient
import HubProtocol
import LocalSite
import Testing

/// Machines that are lost together, and a site without witnesses.
@Suite("Machines lost in a network", .serialized, .realNetworks, .timeLimit(.minutes(3)))
struct LossTests {
    enum Loss: String, CaseIterable {
        case unplugged, killed
    }

    @Test("Main and one of three witnesses lost together: the Backup takes over", arguments: Loss.allCases)
    func mainAndWitness(_ loss: Loss) async throws {
        try await RealNetwork.with { net in
            let witness = try #require(await net.hub(net.main)?.pair?.witnesses.first)
            let left = net.clients.filter { $0 != witness }
            for machine in [net.main.name, witness] {
                switch loss {
                case .unplugged: try await net.network.pullCable(of: machine)
                case .killed: try await #require(await net.site.process(of: machine)).kill()
                }
            }
            try await net.site.waitForBackup(left)
            for machine in [net.main.name, witness] where loss == .unplugged {
                try await net.network.plugCable(of: machine)
            }
            if loss == .killed {
                try await net.site.startClient(witness)
                try await net.site.start(net.main)
            }
            try await net.waitForHome()
            #expect(await net.reasons(2, at: net.main) == [.mainReturned, .mainLost])
        }
    }

    @Test("Main and the only witness of two clients unplugged: nobody may act before that witness is back")
    func mainAndOnlyWitness() async throws {
        try await RealNetwork.with(clients: ["cam-1", "gfx-1"].map { MachineName($0)! }) { net in
            let (main, backup) = (net.main, net.backup)
            let witness = try #require(await net.hub(main)?.pair?.witnesses.first)
            try await net.network.pullCable(of: main.name)
            try await net.network.pullCable(of: witness)
            for server in [main, backup] {
                try await net.wait(for: "isolated", at: server) { $0.state?.phase == .isolated }
            }
            try await net.expectQuiet("the Backup acts") { $0.hubs[backup.observed]?.active?.hub == backup.name }
            try await net.network.plugCable(of: witness)
            try await net.site.waitForBackup(net.clients)
            try await net.network.plugCable(of: main.name)
            try await net.waitForHome()
            #expect(await net.reasons(2, at: main) == [.mainReturned, .mainLost])
            try await net.expectMainStoodDownFirst()
        }
    }

    @Test(
        "No client, so no witness: it is said beforehand, and a cut makes two hubs (rule 7), which the timeline shows")
    func noWitness() async throws {
        try await RealNetwork.with(clients: [], mayOverlap: true) { net in
            let (main, backup) = (net.main, net.backup)
            for server in [main, backup] {
                #expect(await net.hub(server)?.state?.warnings.contains(.noWitness) == true)
            }
            try await net.network.lose(PacketLoss.between([main.name], [backup.name]))
            try await net.wait(for: "alone", at: main) { $0.state?.phase == .alone && $0.active?.hub == main.name }
            try await net.wait(for: "active", at: backup) { $0.active?.hub == backup.name }
            try await net.network.loseNothing()
            try await net.waitForHome()
            let timeline = await net.timeline
            #expect(timeline.overlaps.count == 1 && timeline.intervals.count { $0.end == nil } == 1, "\(timeline)")
        }
    }
}
