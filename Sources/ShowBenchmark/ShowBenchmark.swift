import ArgumentParser
import FailoverCore
import Foundation
import HubClient
import HubProtocol
import LocalSite
import MQTTSession
import PlainClient

/// Measures, on real processes, what it costs a program to know that its messages are safe.
@main
struct ShowBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "How long a publish takes, a switchover is felt by an author, and a snapshot lasts.",
        discussion: "Spans in milliseconds, minimum / median / 99th percentile / maximum.")

    @Option(help: "Publishes of each kind, one after the other.")
    var publishes = 2000
    @Option(help: "Switchovers, each with its way back.")
    var switches = 11
    @Option(help: "Topics of the snapshot.")
    var topics = 20_000

    private static let witness = MachineName("cam-1")!
    private static let payload = Array(repeating: UInt8(ascii: "x"), count: 100)

    func run() async throws {
        setenv("UNDERSTUDY_LOG_LEVEL", "error", 1)
        try await onSite { try await measurePublishes(on: $0) }
        try await onSite { try await measureSwitches(of: $0) }
        try await measureSnapshot()
    }

    private func onSite(_ body: (LocalSite) async throws -> Void) async throws {
        let site = try await LocalSite(returnDelay: 5)
        do {
            try await site.startAll(clients: [Self.witness])
            try await body(site)
        } catch {
            await site.end()
            throw error
        }
        await site.end()
    }

    // MARK: - Publishing

    private func measurePublishes(on site: LocalSite) async throws {
        let hub = await HubConnection(name: MachineName("gfx-1")!, hubs: site.hubs)
        for confirm in HubConnection.Confirm.allCases {
            try await hub.publish("show/gfx-1/warm", Self.payload, confirm: confirm)
        }
        // In turns, so that all meet the same noise.
        var (plain, paced, onHub, onLoop, replicated) = (Spans(), Spans(), Spans(), Spans(), Spans())
        for _ in 0..<10 {
            try plainPublishes(on: site.main, count: publishes / 10, every: .zero, to: &plain)
            let start = ContinuousClock.now
            try await measure(hub, .hub, to: &onHub)
            // The brokers and servers have as much time for each message then.
            let pace = (ContinuousClock.now - start) / (publishes / 10)
            try plainPublishes(on: site.main, count: publishes / 10, every: pace, to: &paced)
            for span in try await Self.publishOnLoop(hub, count: publishes / 10) { onLoop.add(span) }
            try await measure(hub, .replicated, to: &replicated)
        }
        print("publish to PUBACK, plain C client     \(plain)")
        print("the same, at the pace of the next line \(paced)")
        print("publish, confirm: hub                 \(onHub)")
        print("the same from the sessions' own thread \(onLoop)")
        print("publish, confirm: replicated          \(replicated)")
        try await measureRate(hub)
        await hub.close()
    }

    private func plainPublishes(
        on server: LocalSite.Server, count: Int, every period: Duration, to spans: inout Spans
    ) throws {
        var nanoseconds = [UInt64](repeating: 0, count: count)
        let code = plain_client_publish(
            server.host, Int32(server.port), "show/plain/a", Self.payload, Int32(Self.payload.count),
            UInt64(period / .nanoseconds(1)), &nanoseconds, count)
        guard code == 0 else { throw ValidationError("the plain client failed with code \(code).") }
        for span in nanoseconds { spans.add(.nanoseconds(Int64(span))) }
    }

    private func measure(_ hub: HubConnection, _ confirm: HubConnection.Confirm, to spans: inout Spans) async throws {
        for number in 0..<publishes / 10 {
            let start = ContinuousClock.now
            try await hub.publish("show/gfx-1/\(number % 50)", Self.payload, confirm: confirm)
            spans.add(ContinuousClock.now - start)
        }
    }

    /// Without the two changes of thread that a call from anywhere else costs.
    @SessionLoop
    private static func publishOnLoop(_ hub: HubConnection, count: Int) async throws -> [Duration] {
        var spans: [Duration] = []
        for number in 0..<count {
            let start = ContinuousClock.now
            try await hub.publish("show/gfx-1/\(number % 50)", payload, confirm: .hub)
            spans.append(ContinuousClock.now - start)
        }
        return spans
    }

    /// As many as it takes, confirmed as replicated.
    private func measureRate(_ hub: HubConnection) async throws {
        let count = publishes * 10
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                if number >= 500 { try await group.next() }
                group.addTask { try await hub.publish("show/gfx-1/\(number % 500)", Self.payload) }
            }
            try await group.waitForAll()
        }
        let rate = Double(count) / ((ContinuousClock.now - start) / .seconds(1))
        print("confirmed as replicated, one program, 500 at a time: \(Int(rate)) a second")
    }

    // MARK: - Switching

    /// An author publishes every millisecond; what counts is the longest that one of them took.
    private func measureSwitches(of site: LocalSite) async throws {
        let hub = await HubConnection(name: MachineName("gfx-1")!, hubs: site.hubs)
        try await hub.publish("show/gfx-1/warm", Self.payload)
        var (away, home) = (Spans(), Spans())
        for _ in 0..<switches {
            away.add(try await stall(of: hub, switching: site, from: site.main, to: site.backup))
            home.add(try await stall(of: hub, switching: site, from: site.backup, to: site.main))
        }
        print("longest publish in a switchover       \(away)")
        print("longest publish in the way back       \(home)")
        await hub.close()
    }

    private func stall(
        of hub: HubConnection, switching site: LocalSite, from old: LocalSite.Server, to new: LocalSite.Server
    ) async throws -> Duration {
        try await site.watch.wait(for: "a pair that is ready") { view in
            [old, new].allSatisfy { view.hubs[$0.endpoint]?.state?.ready == true }
        }
        let author = Author(hub)
        let writing = Task { try await author.run() }
        try await Task.sleep(for: .milliseconds(100))
        try await CommandSession.give(
            .hubSwitch, HubSwitchCommand(to: new.name, force: false), as: MachineName("operator")!, to: old.endpoint)
        for await state in await hub.states() where state.hub == new.name { break }
        try await Task.sleep(for: .milliseconds(200))
        await author.stop()
        try await writing.value
        return await author.longest
    }

    // MARK: - Snapshot

    /// From the start of a Backup that has nothing to the pair with everything.
    private func measureSnapshot() async throws {
        let site = try await LocalSite(returnDelay: 5)
        do {
            try await site.startAll(clients: [Self.witness])
            try await site.process(of: site.backup.name)?.kill()
            try FileManager.default.removeItem(atPath: site.dataPath(of: site.backup.name))
            let hub = await HubConnection(name: MachineName("gfx-1")!, hubs: site.hubs)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<topics {
                    if number >= 500 { try await group.next() }
                    group.addTask {
                        try await hub.publish("show/gfx-1/\(number)", Self.payload, within: .seconds(60))
                    }
                }
                try await group.waitForAll()
            }
            let start = ContinuousClock.now
            try await site.start(site.backup)
            let (main, backup) = (site.main, site.backup)
            let there = try await site.watch.wait(for: "the Backup's hub") {
                $0.reach[backup.endpoint] == .reached && $0.hubs[backup.endpoint]?.server != nil
            }
            let end = try await site.watch.wait(for: "a pair that is ready", within: .seconds(60)) {
                $0.hubs[main.endpoint]?.state?.ready == true
            }
            print(
                "\(topics) topics: a Backup without any is in sync and paired \(Int((end - there) / .milliseconds(1))) ms after its hub "
                    + "is there, \(Int((end - start) / .milliseconds(1))) ms after its start")
            await hub.close()
        } catch {
            await site.end()
            throw error
        }
        await site.end()
    }
}

/// Publishes every millisecond, whether the one before is confirmed or not.
private actor Author {
    private let hub: HubConnection
    private(set) var longest = Duration.zero
    private var isStopped = false

    init(_ hub: HubConnection) { self.hub = hub }

    func stop() { isStopped = true }

    func run() async throws {
        try await withThrowingTaskGroup(of: Duration.self) { group in
            var number = 0
            while !isStopped {
                number += 1
                let topic = "show/gfx-1/\(number % 50)"
                group.addTask { [hub] in
                    let start = ContinuousClock.now
                    try await hub.publish(topic, "\(start)".utf8)
                    return ContinuousClock.now - start
                }
                try await Task.sleep(for: .milliseconds(1))
            }
            for try await span in group { longest = max(longest, span) }
        }
    }
}
