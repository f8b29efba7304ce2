import FailoverCore
import Foundation
import HubProtocol
import Keys
import LocalSite
import Testing

@testable import MQTTSession

@Suite("Sessions with keys", .serialized, .timeLimit(.minutes(1)))
struct TLSTests {
    private func withKeys(_ body: (_ server: String, _ client: TLSCredentials, SiteAuthority) async throws -> Void)
        async throws
    {
        let folder = FileManager.default.temporaryDirectory.appending(path: "keys-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let authority = try SiteAuthority(name: MachineName("studio")!, at: .now)
        let server = folder.appending(path: "server").path(percentEncoded: false)
        let client = folder.appending(path: "client").path(percentEncoded: false)
        try key(.server, of: authority).write(to: server)
        try key(.client, of: authority).write(to: client)
        try await body(server, TLSCredentials(path: client), authority)
    }

    private func key(_ role: KeyRole, of authority: SiteAuthority) throws -> MachineKey {
        try authority.issue(KeyRequest(name: MachineName("m-1")!, role: role, permission: 2), at: .now)
    }

    @Test("Opens, publishes, receives, closes; a payload of the largest size comes whole")
    func roundTrip() async throws {
        try await withKeys { server, client, _ in
            let broker = try await TestBroker(key: server)
            let observed = try await ObservedSession.opened(broker.endpoint, client)
            try await observed.session.subscribe("a/+")
            let large = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try await observed.session.publish(Publication(topic: "a/b", payload: large))
            #expect(await observed.message()?.payload == large)
            await observed.session.close()
            #expect(await observed.closed() == .requested)
            await broker.stop()
        }
    }

    @Test("A snapshot of 5,000 retained messages comes whole")
    func snapshot() async throws {
        try await withKeys { server, client, _ in
            let broker = try await TestBroker(key: server)
            let author = try await ObservedSession.opened(broker.endpoint, client)
            for number in 0..<5000 {
                await author.session.publish(
                    Publication(topic: "a/\(number)", payload: [1], retain: true), confirmed: nil)
            }
            try await author.session.publish(Publication(topic: "z", payload: [1]))
            let reader = try await ObservedSession.opened(broker.endpoint, client)
            await reader.session.subscribe("a/#", confirmed: nil)
            try await reader.session.subscribe("done")
            try await author.session.publish(Publication(topic: "done", payload: [1]))
            var count = 0
            for await event in reader.events {
                guard case .message(let message) = event else { continue }
                if message.topic == "done" { break }
                count += 1
            }
            #expect(count == 5000)
            await broker.stop()
        }
    }

    /// The quick failover rests on it: nobody listens there any more is more than silence.
    @Test("Nobody listens: refused, at once, with keys as without")
    func refused() async throws {
        try await withKeys { _, client, _ in
            for host in ["127.0.0.1", "localhost"] {
                let observed = await ObservedSession(.tcp(host: host, port: FreePorts.take(1)[0]), client)
                #expect(await observed.closed() == .connectionRefused)
            }
        }
    }

    @Test("A broker that ends, hangs, or never answers is noticed as without keys")
    func broken() async throws {
        try await withKeys { server, client, _ in
            var broker = try await TestBroker(key: server)
            let open = try await ObservedSession.opened(broker.endpoint, client)
            kill(broker.process, SIGSTOP)
            let hung = await ObservedSession(broker.endpoint, client)
            #expect(await hung.closed() == .noAnswer)
            await broker.stop()
            guard case .lost = await open.closed() else { return #expect(Bool(false), "not noticed") }
            broker = try await TestBroker(key: server)
            let killed = try await ObservedSession.opened(broker.endpoint, client)
            kill(broker.process, SIGKILL)
            guard case .lost = await killed.closed() else { return #expect(Bool(false), "not noticed") }
            await broker.stop()
        }
    }

    @Test("Keys of two sites, and keys on one side only: the reason says so")
    func faults() async throws {
        try await withKeys { server, client, authority in
            try await withKeys { otherServer, otherClient, _ in
                let (broker, plain) = (try await TestBroker(key: server), try await TestBroker())
                #expect(await ObservedSession(broker.endpoint, otherClient).closed() == .untrusted(.otherSite))
                #expect(await ObservedSession(broker.endpoint).closed() == .endedUnanswered(hadKey: false))
                #expect(await ObservedSession(plain.endpoint, client).closed() == .endedUnanswered(hadKey: true))
                let none = await ObservedSession(broker.endpoint, TLSCredentials(path: "/nonexistent")).closed()
                guard case .untrusted(.unusable) = none else { return #expect(Bool(false), "\(none as Any)") }
                for broker in [broker, plain] { await broker.stop() }
            }
        }
    }

    @Test("A key that is replaced counts from the next session on; one that is damaged leaves the one before")
    func replaced() async throws {
        try await withKeys { server, client, authority in
            try await withKeys { otherServer, _, other in
                let (broker, otherBroker) = (try await TestBroker(key: server), try await TestBroker(key: otherServer))
                _ = try await ObservedSession.opened(broker.endpoint, client)
                try Data("damaged".utf8).write(to: URL(filePath: client.path))
                _ = try await ObservedSession.opened(broker.endpoint, client)
                try key(.client, of: other).replace(at: client.path)
                #expect(await ObservedSession(broker.endpoint, client).closed() == .untrusted(.otherSite))
                _ = try await ObservedSession.opened(otherBroker.endpoint, client)
                for broker in [broker, otherBroker] { await broker.stop() }
            }
        }
    }
}
