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
            #expect(await net.reasons(1, at: net.backup) == [.mainLost])
            let (main, clients) = (net.main.name, net.clients)
            try await net.site.watch.wait(for: "every client has lost Main") { view in
                clients.allSatisfy { view.machines[$0]?.links?.hubs["\(main)"] == .lost }
            }
            try await net.site.waitForSwitches(of: clients)
            let machines = await net.machines()
            for client in net.clients {
                let change = try #require(machines[client]?.lastSwitch)
                print("\(client): \(change.outageMs) ms without a hub")
                #expect(change.reason == .mainLost && change.from == net.main.name && change.to == net.backup.name)
            }

            try await net.network.plugCable(of: net.main.name)
            try await net.waitForHome()
            #expect(await net.hub(net.main)?.state?.chip == "Backup is idle")
            #expect(await net.reasons(2, at: net.main) == [.mainReturned, .mainLost])
            try await net.expectMainStoodDownFirst()
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
            try await net.network.loseNothing()
            try await net.waitForHome()
            #expect(await net.moved == [])
            #expect(await net.reasons(1, at: net.main) == [.backupLost])
            await net.expectMainActsOn()
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

            try await net.network.loseNothing()
            try await net.waitForHome()
            #expect(await net.reasons(2, at: net.main) == [.mainReturned, .mainLost])
            try await net.expectMainStoodDownFirst()
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
            await net.expectMainActsOn()
        }
    }

    @Test(
        "Clients in halves, each of which reaches one server only, with the servers' link cut, too: most witnesses decide",
        arguments: [true, false])
    func halves(mainHasMajority: Bool) async throws {
        let clients = ["cam-1", "cam-2", "gfx-1", "gfx-2"].map { MachineName($0)! }
        try await RealNetwork.with(clients: clients) { net in
            let witnesses = try #require(await net.hub(net.main)?.pair?.witnesses)
            let most = Array(witnesses.prefix(2))
            let others = clients.filter { !most.contains($0) }
            let (withMain, withBackup) = mainHasMajority ? (most, others) : (others, most)
            try await net.network.lose(
                PacketLoss.between([net.main.name] + withMain, [net.backup.name])
                    + PacketLoss.between([net.main.name], withBackup))
            let (main, backup) = (net.main, net.backup)
            if mainHasMajority {
                try await net.wait(for: "alone", at: main) { $0.state?.phase == .alone }
                try await net.wait(for: "isolated", at: backup) { $0.state?.phase == .isolated }
                try await net.site.watch.wait(for: "the others have lost Main, and follow nobody") { view in
                    let machines = view.machines
                    return view.everyone(of: withMain, follows: main.name)
                        && withBackup.allSatisfy {
                            let links = machines[$0]?.links
                            return links?.hubs["\(main.name)"] == .lost && links?.following == nil
                        }
                }
                #expect(await net.moved == [])
            } else {
                try await net.site.waitForBackup(withBackup)
                try await net.wait(for: "isolated", at: main) { $0.state?.phase == .isolated }
            }
            try await net.network.loseNothing()
            try await net.waitForHome()
            let reasons = await net.reasons(2, at: main)
            #expect(mainHasMajority ? reasons?.first == .backupLost : reasons == [.mainReturned, .mainLost])
        }
    }

    @Test("Clients in halves while the servers see each other: nobody acts but Main, also when that link goes later")
    func halvesFirst() async throws {
        let clients = ["cam-1", "cam-2", "gfx-1", "gfx-2"].map { MachineName($0)! }
        try await RealNetwork.with(clients: clients) { net in
            let (withMain, withBackup) = (Array(clients.prefix(2)), Array(clients.suffix(2)))
            let (main, backup) = (net.main, net.backup)
            let halves =
                PacketLoss.between([main.name], withBackup) + PacketLoss.between([backup.name], withMain)
            try await net.network.lose(halves)
            // Long after each half has noticed what it does not reach.
            try await net.wait(for: "a cut could not be told from a loss", at: main) {
                $0.state?.warnings.contains(.noWitness) == true
            }
            try await net.site.watch.wait(for: "both halves see it") { view in
                let onMain = view.hubs[main.observed]?.machines ?? [:]
                let onBackup = view.hubs[backup.observed]?.machines ?? [:]
                return withBackup.allSatisfy { onMain[$0]?.status?.state == .lost }
                    && withMain.allSatisfy { onBackup[$0]?.status?.state == .lost }
            }
            // One of the others may have been chosen before its loss was known; the next choice waits for its pause.
            try await net.wait(for: "who votes is with Main", at: main) { hub in
                hub.pair.map { !$0.witnesses.isEmpty && $0.witnesses.allSatisfy(withMain.contains) } == true
            }
            try await net.expectQuiet("the Backup acts, or Main does not") {
                $0.hubs[backup.observed]?.active?.hub != main.name || $0.hubs[main.observed]?.active?.hub != main.name
            }
            #expect(await net.moved == [])

            try await net.network.lose(halves + PacketLoss.between([main.name], [backup.name]))
            try await net.wait(for: "isolated", at: backup) { $0.state?.phase == .isolated }
            try await net.expectQuiet("the Backup acts") { $0.hubs[backup.observed]?.active?.hub == backup.name }
            try await net.network.loseNothing()
            try await net.waitForHome()
        }
    }
}
