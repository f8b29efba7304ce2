import FailoverCore
import Foundation
import HubClient
import HubProtocol
import LocalSite
import MQTTSession
import Testing

/// The show itself, on real brokers: what is published, where it is kept, and who reads it.
@Suite("The show on a real site", .serialized, .timeLimit(.minutes(3)))
struct ShowTests {
    static let witness = MachineName("cam-1")!

    private func withSite(_ body: (LocalSite, HubConnection) async throws -> Void) async throws {
        let site = try await LocalSite(returnDelay: 0.3)
        let hub = await HubConnection(name: MachineName("gfx-1")!, hubs: site.hubs)
        do {
            try await site.startAll(clients: [Self.witness])
            try await body(site, hub)
        } catch {
            for name in [Self.witness, site.main.name, site.backup.name] {
                guard let process = await site.process(of: name) else { continue }
                Issue.record("\(name) said: \(process.lines.suffix(20).joined(separator: "\n"))")
            }
            await hub.close()
            await site.end()
            throw error
        }
        await hub.close()
        await site.end()
    }

    @Test(
        "I3: what was confirmed is on both hubs, and on the Backup's after Main is gone, and on Main's after it is back"
    )
    func survives() async throws {
        try await withSite { site, hub in
            try await hub.publish("show/gfx-1/a", "1".utf8)
            for server in [site.main, site.backup] {
                #expect(try await RetainedReader.read(server.endpoint) == ["show/gfx-1/a": "1"])
            }
            try await #require(await site.process(of: site.main.name)).kill()
            try await hub.publish("show/gfx-1/a", "2".utf8)
            try await hub.publish("show/gfx-1/b", "3".utf8)
            try await hub.publish("show/gfx-1/a", "".utf8)
            try await site.start(site.main)
            try await site.waitForHome([Self.witness])
            for server in [site.main, site.backup] {
                #expect(try await RetainedReader.read(server.endpoint) == ["show/gfx-1/b": "3"])
            }
        }
    }

    @Test("I4, I5: a reader sees every confirmed message once and in order, over a failover and the return")
    func onceAndInOrder() async throws {
        try await withSite { site, hub in
            let reader = await HubConnection(name: MachineName("audio-1")!, hubs: site.hubs)
            let messages = try await reader.subscribe("show/#")
            let reading = Task {
                var seen: [Int] = []
                for try await message in messages {
                    let text = String(decoding: message.payload, as: UTF8.self)
                    if text == "end" { break }
                    seen.append(Int(text) ?? -1)
                }
                return seen
            }
            // The reader is there from the first one on.
            for await state in await reader.states() where state.hub != nil { break }
            try await reader.publish("show/audio-1/x", "0".utf8, retain: false)
            let count = 600
            let writing = Task { @SessionLoop in
                for number in 1...count {
                    try await hub.publish("show/gfx-1/\(number % 7)", "\(number)".utf8, retain: number % 3 > 0)
                }
            }
            try await Task.sleep(for: .milliseconds(50))
            try await #require(await site.process(of: site.main.name)).kill()
            try await site.waitForBackup([Self.witness])
            try await site.start(site.main)
            try await site.waitForHome([Self.witness])
            try await writing.value
            try await hub.publish("show/gfx-1/end", "end".utf8)
            let seen = try await reading.value
            #expect(seen == Array(0...count))
            await reader.close()
        }
    }

    @Test("A site of which both servers died comes back with its show; what was deleted stays away")
    func bothServersDie() async throws {
        try await withSite { site, hub in
            for number in 0..<50 { try await hub.publish("show/gfx-1/\(number)", "\(number)".utf8) }
            try await hub.publish("show/gfx-1/7", [])
            for server in [site.main, site.backup] {
                try await #require(await site.process(of: server.name)).kill()
            }
            for server in [site.main, site.backup] { try await site.start(server) }
            try await site.waitForHome([Self.witness])
            let expected = Dictionary(
                uniqueKeysWithValues: (0..<50).filter { $0 != 7 }.map { ("show/gfx-1/\($0)", "\($0)") })
            for server in [site.main, site.backup] {
                #expect(try await RetainedReader.read(server.endpoint) == expected)
            }
        }
    }

    @Test("Bad input: wildcards, NUL, empty topics and too large payloads are refused before anything is sent")
    func badInput() async throws {
        try await withSite { _, hub in
            for topic in ["show/+/a", "show/#", "", "a\0b", String(repeating: "x", count: 65_536)] {
                await #expect(throws: PublishError.invalidTopic(topic)) { try await hub.publish(topic, "1".utf8) }
            }
            let tooLarge = [UInt8](repeating: 0, count: 1024 * 1024 + 1)
            await #expect(throws: PublishError.tooLarge(bytes: tooLarge.count)) {
                try await hub.publish("show/gfx-1/a", tooLarge)
            }
            try await hub.publish("show/gfx-1/a", tooLarge.dropLast())
            await #expect(throws: PublishError.notAuthorized(topic: "hub/active")) {
                try await hub.publish("hub/active", "1".utf8)
            }
            await #expect(throws: SubscribeError.invalidFilter("a/#/b")) { _ = try await hub.subscribe("a/#/b") }
        }
    }

    @Test(
        "While no hub is reachable a publish waits for its bound, fails with a clear error, and arrives nowhere later")
    func noHub() async throws {
        let site = try await LocalSite(returnDelay: 0.3)
        let hub = await HubConnection(name: MachineName("gfx-1")!, hubs: site.hubs)
        let patience = Duration.milliseconds(300)
        await #expect(throws: PublishError.noHub(after: patience)) {
            try await hub.publish("show/gfx-1/a", "1".utf8, within: patience)
        }
        try await site.startAll(clients: [Self.witness])
        try await hub.publish("show/gfx-1/b", "2".utf8)
        #expect(try await RetainedReader.read(site.backup.endpoint) == ["show/gfx-1/b": "2"])
        let cancelled = Task { try await hub.publish("show/gfx-1/c", "3".utf8) }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        await hub.close()
        await #expect(throws: PublishError.closed) { try await hub.publish("show/gfx-1/d", "4".utf8) }
        await site.end()
    }

    @Test("A reader that does not keep up is told so, and nothing is dropped in silence")
    func tooSlow() async throws {
        try await withSite { _, hub in
            let messages = try await hub.subscribe(["show/#"], bufferSize: 5)
            for number in 0..<20 { try await hub.publish("show/gfx-1/\(number)", "x".utf8) }
            var count = 0
            await #expect(throws: SubscribeError.tooSlow(buffered: 5)) { for try await _ in messages { count += 1 } }
            #expect(count == 5)
        }
    }
}
