import Foundation
import LocalSite
import Testing

@testable import MQTTSession

@Suite("Sessions with a real broker", .serialized, .timeLimit(.minutes(1)))
struct RealBrokerTests {
    @Test("Opens, subscribes, publishes, receives, closes")
    func roundTrip() async throws {
        let broker = try await TestBroker()
        let observed = try await ObservedSession.opened(broker.endpoint)
        try await observed.session.subscribe("a/+")
        try await observed.session.publish(Publication(topic: "a/b", payload: Array("hello".utf8)))
        let message = await observed.message()
        #expect(message?.topic == "a/b" && message?.payload == Array("hello".utf8) && message?.isRetained == false)
        await observed.session.close()
        #expect(await observed.closed() == .requested)
        await broker.stop()
    }

    @Test("A retained message tells what is left of its expiry")
    func expiry() async throws {
        let broker = try await TestBroker()
        let observed = try await ObservedSession.opened(broker.endpoint)
        try await observed.session.publish(
            Publication(topic: "a", payload: [1], retain: true, expirySeconds: 100))
        try await observed.session.subscribe("a")
        let message = try #require(await observed.message())
        #expect(message.isRetained)
        #expect((98...100).contains(try #require(message.expirySeconds)))
        await broker.stop()
    }

    @Test("A session that is stopped by two tells both when it has ended")
    func stoppedTwice() async throws {
        let broker = try await TestBroker()
        let (events, continuation) = AsyncStream.makeStream(of: String.self)
        let session = await ReconnectingSession(.init(endpoint: broker.endpoint, clientID: "a")) {
            if case .up = $0 { continuation.yield("up") }
        }
        await session.start()
        var seen = events.makeAsyncIterator()
        #expect(await seen.next() == "up")
        let stop = { @Sendable @SessionLoop in
            for name in ["one", "other"] { session.stop { continuation.yield(name) } }
        }
        await stop()
        #expect(await seen.next() == "one")
        #expect(await seen.next() == "other")
        await broker.stop()
    }

    @Test("A port that was taken for a program is given to no other connection before that program listens")
    func heldPort() throws {
        let port = FreePorts.take(1)[0]
        let other = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(other) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(other, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        #expect(result == -1 && errno == EADDRINUSE)
    }

    @Test("Nobody listens: refused, at once")
    func refused() async throws {
        let port = FreePorts.take(1)[0]
        let observed = await ObservedSession(.tcp(host: "127.0.0.1", port: port))
        #expect(await observed.closed() == .connectionRefused)
        let missing = await ObservedSession(.unix(path: "/nonexistent/broker.sock"))
        #expect(await missing.closed() == .connectionRefused)
    }

    @Test("A host name is looked up; an unknown one is named so")
    func names() async throws {
        let broker = try await TestBroker()
        _ = try await ObservedSession.opened(.tcp(host: "localhost", port: broker.port))
        let unknown = await ObservedSession(.tcp(host: "nowhere.invalid", port: 1883))
        let reason = await unknown.closed()
        #expect(reason == .unknownHost || reason == .noAnswer)
        await broker.stop()
    }

    @Test("A broker that hangs accepts the connection and is given up at the connect deadline")
    func hung() async throws {
        let broker = try await TestBroker()
        kill(broker.process, SIGSTOP)
        let observed = await ObservedSession(broker.endpoint)
        #expect(await observed.closed() == .noAnswer)
        await broker.stop()
    }

    @Test("A broker that dies closes its sessions, and fails what was not confirmed")
    func killed() async throws {
        let broker = try await TestBroker()
        let observed = try await ObservedSession.opened(broker.endpoint)
        kill(broker.process, SIGSTOP)
        async let confirmation = Result { try await observed.session.publish(Publication(topic: "a", payload: [])) }
        kill(broker.process, SIGKILL)
        guard case .lost? = await observed.closed() else {
            Issue.record("not closed as lost")
            return
        }
        guard case .failure(let error) = await confirmation else {
            Issue.record("confirmed by a broker that was stopped")
            return
        }
        #expect(error is RequestError)
        await broker.stop()
    }

    @Test("The will of a session that another one takes over is published at once")
    func takenOver() async throws {
        let broker = try await TestBroker()
        let watcher = try await ObservedSession.opened(broker.endpoint)
        try await watcher.session.subscribe("will")
        let first = try await ObservedSession.opened(
            broker.endpoint, clientID: "same", will: Publication(topic: "will", payload: [1]))
        _ = try await ObservedSession.opened(broker.endpoint, clientID: "same")
        guard case .lost? = await first.closed() else {
            Issue.record("not closed as lost")
            return
        }
        #expect(await watcher.message()?.topic == "will")
        await broker.stop()
    }

    @Test("Topics that MQTT forbids are refused with a reason", arguments: ["", "a/#", "a/+/b"])
    func invalidTopics(_ topic: String) async throws {
        let broker = try await TestBroker()
        let observed = try await ObservedSession.opened(broker.endpoint)
        await #expect(throws: RequestError.self) {
            try await observed.session.publish(Publication(topic: topic, payload: []))
        }
        await broker.stop()
    }

    @Test("A reconnecting session comes back when its broker does, and follows to another address")
    func reconnects() async throws {
        let first = try await TestBroker()
        let (events, continuation) = AsyncStream.makeStream(of: ReconnectingSession.Event.self)
        let session = await ReconnectingSession(.init(endpoint: first.endpoint, clientID: "r")) {
            continuation.yield($0)
        }
        await session.start()
        var iterator = events.makeAsyncIterator()
        guard case .up? = await iterator.next() else {
            Issue.record("not up")
            return
        }
        await first.stop()
        guard case .down? = await iterator.next() else {
            Issue.record("not down")
            return
        }
        let second = try await TestBroker()
        await session.reconnect(to: second.endpoint)
        while let event = await iterator.next() { if case .up = event { break } }
        #expect(await session.session != nil)
        await session.stop()
        await second.stop()
    }
}

extension Result where Failure == any Error {
    init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
