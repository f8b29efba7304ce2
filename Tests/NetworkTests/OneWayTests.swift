import FailoverCore
import HubClient
import HubProtocol
import LocalSite
import Testing

/// A switch port or a firewall that loses packets in one direction only.
@Suite("A network that passes packets one way only", .serialized, .realNetworks, .timeLimit(.minutes(3)))
struct OneWayTests {
    @Test("Between the servers, either way: the witnesses hear Main, and nobody moves", arguments: [true, false])
    func betweenServers(fromMain: Bool) async throws {
        try await RealNetwork.with { net in
            let (main, backup) = (net.main, net.backup)
            try await net.network.lose([
                fromMain
                    ? PacketLoss(from: main.name, to: backup.name) : PacketLoss(from: backup.name, to: main.name)
            ])
            try await net.wait(for: "alone", at: main) { $0.state?.phase == .alone }
            try await net.wait(for: "isolated", at: backup) { $0.state?.phase == .isolated }
            try await net.expectQuiet("the Backup acts") { $0.hubs[backup.observed]?.active?.hub == backup.name }
            try await net.network.loseNothing()
            try await net.waitForHome()
            #expect(await net.moved == [])
            await net.expectMainActsOn()
        }
    }

    @Test("Nothing that Main sends arrives: it stands down before the Backup acts")
    func mainMute() async throws {
        try await RealNetwork.with { net in
            try await net.network.lose([PacketLoss(from: net.main.name)])
            try await net.site.waitForBackup(net.clients)
            try await net.wait(for: "active no more", at: net.main) { $0.active?.hub != net.main.name }
            try await net.network.loseNothing()
            try await net.waitForHome()
            #expect(await net.reasons(2, at: net.main) == [.mainReturned, .mainLost])
            try await net.expectMainStoodDownFirst()
        }
    }

    /// Main asks to go on alone, which everybody hears, and it hears no answer. So it stands down; and since nobody can
    /// know whether it heard the answer, nobody may act in its place before the network is mended.
    @Test("Nothing arrives at Main: it stands down, and nobody acts; healed: home")
    func mainDeaf() async throws {
        try await RealNetwork.with { net in
            try await net.network.lose([PacketLoss(to: net.main.name)])
            try await net.wait(for: "isolated, and active no more", at: net.main) {
                $0.state?.phase == .isolated && $0.active?.hub == nil
            }
            try await net.wait(for: "isolated", at: net.backup) { $0.state?.phase == .isolated }
            try await net.expectQuiet("a server acts") { [net] in
                $0.hubs[net.main.observed]?.active?.hub == net.main.name
                    || $0.hubs[net.backup.observed]?.active?.hub == net.backup.name
            }
            try await net.network.loseNothing()
            try await net.waitForHome()
        }
    }
}
