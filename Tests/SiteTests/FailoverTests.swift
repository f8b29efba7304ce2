import ChildProcess
import FailoverCore
import Foundation
import HubClient
import LocalSite
import Testing

/// Everything here is real: the program, its brokers, its clients.
@Suite("A real site", .serialized, .timeLimit(.minutes(3)))
struct FailoverTests {
    static let clients = ["cam-1", "gfx-1", "audio-1"].map { MachineName($0)! }

    /// Runs `body` on a site whose pair is ready, and leaves nothing behind.
    private func withSite(_ body: (LocalSite) async throws -> Void) async throws {
        let site = try await LocalSite(returnDelay: 0.3)
        do {
            try await site.startAll(clients: Self.clients)
            try await body(site)
        } catch {
            for name in Self.clients + [site.main.name, site.backup.name] {
                guard let process = await site.process(of: name) else { continue }
                Issue.record("\(name) said: \(process.lines.suffix(20).joined(separator: "\n"))")
            }
            await site.end()
            throw error
        }
        await site.end()
    }

    private func epoch(_ site: LocalSite, at server: LocalSite.Server) async -> Epoch? {
        await site.watch.view.hubs[server.endpoint]?.active?.epoch
    }

    private func main(_ site: LocalSite) async throws -> MachineProcess {
        try #require(await site.process(of: site.main.name))
    }

    @Test("M10, M11, M12: Main's process tree killed: the Backup takes over with a higher epoch, every client follows")
    func mainKilled() async throws {
        try await withSite { site in
            let before = try #require(await epoch(site, at: site.backup))
            try await main(site).kill()
            try await site.waitForBackup(Self.clients)
            #expect(try #require(await epoch(site, at: site.backup)) > before)
            try await site.waitForSwitches(of: Self.clients)
            let view = await site.watch.view
            #expect(view.authority?.state?.chip == "Backup is active")
            for client in Self.clients {
                let change = try #require(view.machines[client]?.lastSwitch)
                #expect(change.from == site.main.name && change.to == site.backup.name)
                #expect(change.reason == .mainLost)
                // Only a fault of the measuring itself is that far off.
                #expect((0..<5000).contains(change.outageMs))
            }
            try await site.watch.wait(for: "Main marked lost") { $0.machines[site.main.name]?.status?.state == .lost }
        }
    }

    @Test("M14: Main back: clients go home, chip \"Backup is idle\", everything explained in the history")
    func comesHome() async throws {
        try await withSite { site in
            try await main(site).kill()
            try await site.waitForBackup(Self.clients)
            try await site.start(site.main)
            try await site.waitForHome(Self.clients)
            let view = await site.watch.view
            #expect(view.authority?.state?.chip == "Backup is idle")
            let reasons = view.authority?.history?.transitions.prefix(2).map(\.reason)
            #expect(reasons == [.mainReturned, .mainLost])
        }
    }

    @Test("Main hangs (SIGSTOP): the Backup takes over; when Main wakes up it does not take the clients back at once")
    func mainHangs() async throws {
        try await withSite { site in
            let main = try await main(site)
            try await main.hang()
            try await site.waitForBackup(Self.clients)
            main.goOn()
            try await site.waitForHome(Self.clients)
            let reasons = await site.watch.view.authority?.history?.transitions.prefix(2).map(\.reason)
            #expect(reasons == [.mainReturned, .mainLost])
        }
    }

    @Test(
        "Main's hub broker, control broker or coordinator dies alone: all of them go, and the Backup takes over",
        arguments: ["hub broker", "control broker", "coordinator"])
    func partDies(_ part: String) async throws {
        try await withSite { site in
            let main = try await main(site)
            let tree = main.tree.members
            let brokers = main.tree.children(named: "mosquitto")
            #expect(brokers.count == 2)
            let hubBroker = try #require(main.hubBroker)
            let victim: Int32 =
                switch part {
                case "hub broker": hubBroker
                case "control broker": try #require(brokers.first { $0 != hubBroker })
                default: main.process
                }
            kill(victim, SIGKILL)
            try await site.waitForBackup(Self.clients)
            let ending = try await main.ended()
            #expect(ending == (part == "coordinator" ? .killed(signal: SIGKILL) : .exited(code: 1)))
            for process in tree {
                while ProcessTree.isRunning(process) { try await Task.sleep(for: .milliseconds(1)) }
            }
            if part != "coordinator" {
                #expect(main.lines.contains { $0.contains("the \(part)") && $0.contains("tart the server again") })
            }
            try await site.start(site.main)
            try await site.waitForHome(Self.clients)
        }
    }

    @Test("The Backup killed: nobody moves, Main stays active; back again it is paired anew")
    func backupKilled() async throws {
        try await withSite { site in
            let backup = try #require(await site.process(of: site.backup.name))
            try await backup.kill()
            try await site.watch.wait(for: "Main alone") {
                $0.hubs[site.main.endpoint]?.state?.phase == .alone
            }
            let view = await site.watch.view
            #expect(view.isActive(site.main.name, at: site.main.endpoint))
            #expect(view.everyone(of: Self.clients, follows: site.main.name))
            #expect(Self.clients.allSatisfy { view.machines[$0]?.lastSwitch == nil })
            try await site.start(site.backup)
            try await site.waitForHome(Self.clients)
            #expect(await Self.clients.asyncAllSatisfy { await site.watch.view.machines[$0]?.lastSwitch == nil })
        }
    }

    @Test("M15: a client that starts while Main is down ends up on the Backup, and goes home with the others")
    func joinsDuringOutage() async throws {
        try await withSite { site in
            try await main(site).kill()
            try await site.waitForBackup(Self.clients)
            let late = MachineName("late-1")!
            try await site.startClient(late, knowsBackup: true)
            try await site.waitForBackup(Self.clients + [late])
            #expect(await site.watch.view.machines[late]?.links?.hubs[site.main.name.description] == .lost)
            try await site.start(site.main)
            try await site.waitForHome(Self.clients + [late])
        }
    }

    @Test("A client remembers the Backup that it learnt, and finds it after a restart with Main down")
    func remembersBackup() async throws {
        try await withSite { site in
            let client = try #require(await site.process(of: Self.clients[0]))
            try await client.stop()
            try await main(site).kill()
            try await site.startClient(Self.clients[0])
            try await site.waitForBackup(Self.clients)
        }
    }

    @Test("Both servers of a pair down, and up again in either order", arguments: [true, false])
    func bothDown(mainFirst: Bool) async throws {
        try await withSite { site in
            // At one moment, as by a loss of power: neither sees the other one go.
            let main = try await main(site)
            let backup = try #require(await site.process(of: site.backup.name))
            try await backup.hang()
            try await main.hang()
            try await main.kill()
            try await backup.kill()
            let first = mainFirst ? site.main : site.backup
            try await site.start(first)
            // It asks the other one for three seconds, then the witnesses.
            try await site.watch.wait(for: "\(first.name) active") { $0.isActive(first.name, at: first.endpoint) }
            try await site.start(mainFirst ? site.backup : site.main)
            try await site.waitForHome(Self.clients)
        }
    }

    @Test("The Backup acted alone when it went down: Main alone waits for it, and says so (rule 11)")
    func mainWaitsForBackup() async throws {
        try await withSite { site in
            try await main(site).kill()
            try await site.waitForBackup(Self.clients)
            try await #require(await site.process(of: site.backup.name)).kill()
            try await site.start(site.main)
            try await site.watch.wait(for: "Main isolated") {
                $0.reach[site.main.endpoint] == .reached && $0.hubs[site.main.endpoint]?.state?.phase == .isolated
            }
            try await site.start(site.backup)
            try await site.waitForHome(Self.clients)
        }
    }

    @Test("Main hangs for so long that every session with it has ended, and still comes home")
    func longHang() async throws {
        try await withSite { site in
            let main = try await main(site)
            try await main.hang()
            try await site.waitForBackup(Self.clients)
            try await site.watch.wait(for: "Main's sessions gone") {
                $0.machines[site.main.name]?.status?.state == .lost
            }
            // Longer than one and a half keepalives and a sweep of the broker.
            try await Task.sleep(for: .seconds(13))
            main.goOn()
            try await site.waitForHome(Self.clients)
            #expect(ProcessTree.isRunning(main.process))
        }
    }

    @Test("Main's hub broker alone hangs: Main notices, hands over, and ends with a sentence")
    func hubBrokerHangs() async throws {
        try await withSite { site in
            let main = try await main(site)
            kill(try #require(main.hubBroker), SIGSTOP)
            try await site.waitForBackup(Self.clients)
            #expect(try await main.ended() == .exited(code: 1))
            #expect(main.lines.contains { $0.contains("hub broker") && $0.contains("silent") })
        }
    }

    @Test("Ten switches in a row: nobody is left behind, epochs only rise")
    func tenSwitches() async throws {
        try await withSite { site in
            var last = Epoch(0)
            for _ in 0..<5 {
                try await main(site).kill()
                try await site.waitForBackup(Self.clients)
                let away = try #require(await epoch(site, at: site.backup))
                try await site.start(site.main)
                try await site.waitForHome(Self.clients)
                let home = try #require(await epoch(site, at: site.main))
                #expect(last < away && away < home)
                last = home
            }
        }
    }

    @Test("A planned stop of Main: the Backup takes over before Main goes, and nothing is left running")
    func plannedStop() async throws {
        try await withSite { site in
            let main = try await main(site)
            let tree = main.tree.members
            #expect(try await main.stop() == .exited(code: 0))
            try await site.waitForBackup(Self.clients)
            let view = await site.watch.view
            #expect(view.authority?.active?.reason == .mainStopped)
            try await site.watch.wait(for: "Main offline") { $0.machines[site.main.name]?.status?.state == .offline }
            for process in tree {
                while ProcessTree.isRunning(process) { try await Task.sleep(for: .milliseconds(1)) }
            }
        }
    }

    @Test("A client that is stopped says offline; one that is killed is lost")
    func clientLeaves() async throws {
        try await withSite { site in
            #expect(try await #require(await site.process(of: Self.clients[0])).stop() == .exited(code: 0))
            try await site.watch.wait(for: "offline") { $0.machines[Self.clients[0]]?.status?.state == .offline }
            try await #require(await site.process(of: Self.clients[1])).kill()
            try await site.watch.wait(for: "lost") { $0.machines[Self.clients[1]]?.status?.state == .lost }
        }
    }
}

extension Sequence {
    fileprivate func asyncAllSatisfy(_ condition: (Element) async -> Bool) async -> Bool {
        for element in self where await !condition(element) { return false }
        return true
    }
}
