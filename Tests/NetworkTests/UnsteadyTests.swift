import FailoverCore
import HubClient
import HubProtocol
import LocalSite
import Testing

/// A network that comes and goes, or is bad.
@Suite("An unsteady network", .serialized, .realNetworks, .timeLimit(.minutes(3)))
struct UnsteadyTests {
    @Test("The servers' link up and down for ten seconds: few epochs, and nobody moves")
    func flapping() async throws {
        try await RealNetwork.with { net in
            let before = try #require(await net.hub(net.main)?.active?.epoch)
            for _ in 0..<16 {
                try await net.network.lose(PacketLoss.between([net.main.name], [net.backup.name]))
                try await Task.sleep(for: .milliseconds(300))
                try await net.network.loseNothing()
                try await Task.sleep(for: .milliseconds(300))
            }
            try await net.waitForHome()
            let after = try #require(await net.hub(net.main)?.active?.epoch)
            // The pauses before pairing are 0.5, 1, 2, 4 and 8 s; each pair may be renewed once for its witnesses; and
            // each epoch of Main is two above the one before.
            print("Epochs while the link was flapping: \((after.number - before.number) / 2)")
            #expect(after.number - before.number <= 2 * 2 * 5)
            #expect(await net.moved == [])
            await net.expectMainActsOn()
        }
    }

    @Test("The network switch restarts under everyone: nobody acts alone, and the site comes home")
    func switchRestarts() async throws {
        try await RealNetwork.with { net in
            try await net.network.switchOff()
            for server in [net.main, net.backup] {
                try await net.wait(for: "isolated", at: server) { $0.state?.phase == .isolated }
            }
            try await net.wait(for: "active no more", at: net.main) { $0.active?.hub == nil }
            let clients = net.clients
            try await net.site.watch.wait(for: "no client reaches any hub") { view in
                [net.main, net.backup].allSatisfy { server in
                    clients.allSatisfy { view.hubs[server.observed]?.machines[$0]?.status?.state == .lost }
                }
            }
            try await net.network.switchOn()
            try await net.waitForHome()
        }
    }

    @Test("Packets get lost everywhere: at most one server acts; healed: home", arguments: [5, 20])
    func lossy(percent: Int) async throws {
        try await RealNetwork.with { net in
            let before = try #require(await net.hub(net.main)?.active?.epoch)
            try await net.network.lose([PacketLoss(percent: percent)])
            // What happens is left to chance; the timeline is what counts.
            try await Task.sleep(for: .seconds(10))
            let during = await net.hub(net.main)?.active?.epoch
            print("\(percent) % lost: epoch \(before) to \(during?.description ?? "none")")
            try await net.network.loseNothing()
            try await net.waitForHome()
        }
    }

    @Test("Every link is slower than what it has to carry: at most one server acts; healed: home")
    func slow() async throws {
        try await RealNetwork.with { net in
            let before = try #require(await net.hub(net.main)?.active?.epoch)
            for machine in [net.main.name, net.backup.name] + net.clients {
                try await net.network.slowDown(machine, kilobitsPerSecond: 200)
            }
            try await Task.sleep(for: .seconds(6))
            print("Slow links: epoch \(before) to \(await net.hub(net.main)?.active?.epoch.description ?? "none")")
            for machine in [net.main.name, net.backup.name] + net.clients { try await net.network.speedUp(machine) }
            try await net.waitForHome()
        }
    }
}
