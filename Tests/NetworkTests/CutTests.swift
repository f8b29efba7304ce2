import FailoverCore
import HubClient
import HubProtocol
import LocalSite
import Testing

/// What a site does while some of its machines cannot reach others.
@Suite("A network that is cut", .serialized, .realNetworks, .timeLimit(.minutes(3)))
struct CutTests {
    @Test("Main's cable pulled: it stands down before the Backup acts, everyone follows; cable back: home")
    func mainUnplugged() async throws {
        try await RealNetwork.with { net in
            try await net.network.pullCable(of: net.main.name)
            try await net.site.waitForBackup(net.clients)
            try await net.wait(for: "isolated, and active no more", at: net.main) {
                $0.state?.phase == .isolated && $0.active != nil && $0.active?.hub == nil
            }
            let timeline = await net.timeline
            let mainEnded = try #require(timeline[net.main.name].last?.end)
            #expect(try #require(timeline[net.backup.name].first?.start) > mainEnded)
            #expect(await net.reasons(1, at: net.backup) == [.mainLost])
            let (main, clients) = (net.main.name, net.clients)
            try await net.site.watch.wait(for: "every client has lost Main") { view in
                clients.allSatisfy { view.machines[$0]?.links?.hubs["\(main)"] == .lost }
            }
            for (_, machine) in await net.machines() where machine.status?.role == .client {
                #expect(machine.lastSwitch?.reason == .mainLost)
                #expect(machine.lastSwitch?.to == net.backup.name)
            }

            try await net.network.plugCable(of: net.main.name)
            try await net.waitForHome()
            #expect(await net.hub(net.main)?.state?.chip == "Backup is idle")
            #expect(await net.reasons(2, at: net.main) == [.mainReturned, .mainLost])
        }
    }

    @Test("Only the servers' link cut: the Backup does not take over, both say why, nobody moves; healed: paired")
    func serverLinkCut() async throws {
        try await RealNetwork.with { net in
            try await net.network.lose(PacketLoss.between([net.main.name], [net.backup.name]))
            try await net.wait(for: "alone, and why", at: net.main) {
                $0.state?.phase == .alone && $0.state?.missing.contains(.serverLink) == true
            }
            try await net.wait(for: "isolated, and why", at: net.backup) {
                $0.state?.phase == .isolated && $0.state?.missing.contains(.serverLink) == true
            }
            #expect(await net.hub(net.main)?.state?.ready == false)
            try await net.expectQuiet("the Backup acts") { [net] in
                $0.hubs[net.backup.observed]?.active?.hub == net.backup.name
            }
            let timeline = await net.timeline
            #expect(timeline.intervals.count == 1 && timeline[net.main.name].last?.end == nil, "\(timeline)")

            try await net.network.loseNothing()
            try await net.waitForHome()
            #expect(await net.moved == [])
            #expect(await net.reasons(1, at: net.main) == [.backupLost])
            #expect(await net.timeline.intervals.count == 1)
        }
    }

    @Test("Main cut off with one of three witnesses: it stands down before the Backup takes over")
    func mainWithMinority() async throws {
        try await RealNetwork.with { net in
            let kept = try #require(await net.hub(net.main)?.pair?.witnesses.first)
            let others = net.clients.filter { $0 != kept }
            try await net.network.lose(PacketLoss.between([net.main.name], [net.backup.name] + others))
            try await net.site.waitForBackup(net.clients)
            try await net.wait(for: "isolated", at: net.main) { $0.state?.phase == .isolated }
            let timeline = await net.timeline
            let mainEnded = try #require(timeline[net.main.name].last?.end)
            #expect(try #require(timeline[net.backup.name].first?.start) > mainEnded)

            try await net.network.loseNothing()
            try await net.waitForHome()
            #expect(await net.reasons(2, at: net.main) == [.mainReturned, .mainLost])
        }
    }

    @Test("The Backup's cable pulled: nobody moves, Main acts without a gap; cable back: paired")
    func backupUnplugged() async throws {
        try await RealNetwork.with { net in
            try await net.network.pullCable(of: net.backup.name)
            try await net.wait(for: "isolated", at: net.backup) { $0.state?.phase == .isolated }
            try await net.wait(for: "alone, and why", at: net.main) {
                $0.state?.phase == .alone && $0.state?.missing.contains(.backupUnreachable) == true
            }
            #expect(await net.hub(net.main)?.state?.chip == "Backup is not ready")
            #expect(await net.reasons(1, at: net.main) == [.backupLost])

            try await net.network.plugCable(of: net.backup.name)
            try await net.waitForHome()
            #expect(await net.moved == [])
            let timeline = await net.timeline
            #expect(timeline.intervals.count == 1 && timeline[net.main.name].last?.end == nil, "\(timeline)")
        }
    }
}
