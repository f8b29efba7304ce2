import ChildProcess
import Foundation
import LocalSite

@testable import MQTTSession

/// A plain Mosquitto broker for one test.
final class TestBroker: Sendable {
    let port: UInt16
    let process: Int32
    private let task: Task<Void, any Error>

    /// - Parameter key: of a server; `nil`: the broker asks nobody for one.
    init(key: String? = nil) async throws {
        port = FreePorts.take(1)[0]
        let configuration = FileManager.default.temporaryDirectory.path(percentEncoded: false) + "broker-\(port).conf"
        let keys = key.map { "cafile \($0)\ncertfile \($0)\nkeyfile \($0)\nrequire_certificate true\n" } ?? ""
        let text =
            "listener \(port) 127.0.0.1\nallow_anonymous true\nlog_dest stderr\nuser \(NSUserName())\n"
            + "max_inflight_messages 0\nmax_queued_messages 100000\n\(keys)"
        try Data(text.utf8).write(to: URL(filePath: configuration))
        let (ready, continuation) = AsyncStream.makeStream(of: Int32.self)
        task = Task {
            defer { continuation.finish() }
            let pid = PID()
            _ = try await ChildProcess("/usr/sbin/mosquitto", arguments: ["-c", configuration]).run {
                pid.value = $0
            } onLine: { line in
                if line.hasSuffix("running") { continuation.yield(pid.value) }
            }
            try? FileManager.default.removeItem(atPath: configuration)
        }
        guard let process = await ready.first(where: { _ in true }) else { throw CancellationError() }
        self.process = process
    }

    private final class PID: @unchecked Sendable {
        // Set before the first line is read.
        var value: Int32 = 0
    }

    var endpoint: Endpoint { .tcp(host: "127.0.0.1", port: port) }

    func stop() async {
        kill(process, SIGCONT)
        task.cancel()
        _ = await task.result
    }
}

/// A session whose events a test awaits.
@SessionLoop
final class ObservedSession {
    private(set) var session: Session!
    nonisolated let events: AsyncStream<Session.Event>

    init(
        _ endpoint: Endpoint, _ credentials: TLSCredentials? = nil,
        clientID: String = "test-\(UInt32.random(in: 0 ... .max))", will: Publication? = nil
    ) {
        let (events, continuation) = AsyncStream.makeStream(of: Session.Event.self)
        self.events = events
        session = Session(
            .init(endpoint: endpoint, credentials: credentials, clientID: clientID, will: will)
        ) { event in
            continuation.yield(event)
            if case .closed = event { continuation.finish() }
        }
        session.open()
    }

    /// Opens a session and returns it when it is open.
    nonisolated static func opened(
        _ endpoint: Endpoint, _ credentials: TLSCredentials? = nil,
        clientID: String = "test-\(UInt32.random(in: 0 ... .max))", will: Publication? = nil
    ) async throws -> ObservedSession {
        let observed = await ObservedSession(endpoint, credentials, clientID: clientID, will: will)
        guard case .opened? = await observed.events.first(where: { _ in true }) else { throw CancellationError() }
        return observed
    }

    nonisolated func message() async -> Message? {
        for await event in events { if case .message(let message) = event { return message } }
        return nil
    }

    nonisolated func closed() async -> CloseReason? {
        for await event in events { if case .closed(let reason) = event { return reason } }
        return nil
    }
}
