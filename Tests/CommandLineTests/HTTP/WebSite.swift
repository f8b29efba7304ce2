import FailoverCore
import Foundation
import HubProtocol
import Keys
import LocalSite
import Synchronization
import Testing

/// A Main server with HTTP, on ports of its own.
struct WebSite {
    let folder: String
    let process: MachineProcess
    /// Of HTTP.
    let port: UInt16
    let hubPort: UInt16
    /// `nil`: it has no keys.
    let keys: WebSiteKeys?
    private let log: LogWatch

    var base: String { "\(keys == nil ? "http" : "https")://127.0.0.1:\(port)" }

    /// - Parameters:
    ///   - more: of the server's arguments.
    ///   - body: called when commands are accepted.
    static func with(keys hasKeys: Bool, _ more: [String] = [], _ body: (WebSite) async throws -> Void) async throws {
        try await Understudy.withFolder { folder in
            let ports = FreePorts.take(3)
            let keys = hasKeys ? try WebSiteKeys(folder: folder) : nil
            var arguments =
                [
                    "server", "--role", "main", "--name", "main-1", "--listen", "127.0.0.1", "--port", "\(ports[0])",
                    "--control-port", "\(ports[1])", "--http", "127.0.0.1:\(ports[2])", "--data", "\(folder)/main-1",
                ] + more
            if let keys { arguments += ["--keys", try keys.file(of: "main-1", .server, permission: 3)] }
            let log = LogWatch()
            let process = try await MachineProcess("main-1", program: Understudy.program, arguments: arguments) {
                log.add($0)
            }
            let site = WebSite(
                folder: folder, process: process, port: ports[2], hubPort: ports[0], keys: keys, log: log)
            do {
                try await site.logs("this hub is active")
                try await site.logs("\(site.base) is open")
                let state = try await site.firstEvent(as: hasKeys ? "somebody" : nil)
                #expect(state.active?.hub?.description == "main-1")
                try await body(site)
            } catch {
                try? await process.kill()
                throw error
            }
            try await process.kill()
        }
    }

    /// Waits until the server's log has a line that contains this.
    func logs(_ text: String) async throws { try await log.wait(for: text) }

    /// - Parameter caller: whose key is shown, by name; see `WebSiteKeys.arguments`.
    func get(_ path: String, as caller: String? = nil, _ arguments: [String] = []) async throws -> Answer {
        try await Curl.run(url(path), (keys?.arguments(of: caller) ?? []) + arguments)
    }

    func post(
        _ command: String, _ body: String = "{}", as caller: String? = nil,
        _ headers: [String] = ["Content-Type: application/json"]
    ) async throws -> Answer {
        try await get("api/commands/\(command)", as: caller, ["-d", body] + headers.flatMap { ["-H", $0] })
    }

    func url(_ path: String) -> String { "\(base)/\(path)" }

    /// What the event stream says first.
    func firstEvent(as caller: String? = nil) async throws -> SeenState {
        let events = EventStream(self, as: caller)
        defer { events.stop() }
        return try await events.next { _ in true }
    }
}

/// What these tests read of `/api/state` and `/api/events`.
struct SeenState: Decodable {
    struct Machine: Decodable {
        var name: MachineName
        var state: String
        var heartbeatAgeMs: Int?
    }

    var chip: String
    var epoch: UInt64
    var ready: Bool
    var active: HubActive?
    var pair: HubPair?
    var history: HubHistory?
    var machine: MachineName
    var machines: [Machine]
}

/// A site's authority, and keys that it issued.
struct WebSiteKeys {
    let authority: SiteAuthority
    let authorityPath: String
    private let folder: String

    /// - Parameter folder: where the keys lie.
    init(folder: String, site: String = "site") throws {
        self.folder = folder
        // So long ago that a key may have expired meanwhile.
        authority = try SiteAuthority(name: MachineName(site)!, at: Self.daysAgo(30))
        authorityPath = "\(folder)/\(site)"
        try authority.write(to: authorityPath)
        _ = try file(of: "somebody", .client, permission: 1)
    }

    /// Issues it.
    ///
    /// - Returns: its path.
    @discardableResult
    func file(
        of name: String, _ role: KeyRole, permission: Int, days: Int = 365, at moment: Timestamp = .now
    ) throws -> String {
        let request = KeyRequest(name: MachineName(name)!, role: role, permission: permission, days: days)
        try authority.issue(request, at: moment).write(to: path(of: name))
        return path(of: name)
    }

    func path(of name: String) -> String { "\(folder)/\(authority.name)-\(name).key" }

    /// - Parameter caller: `nil`: shows no certificate.
    func arguments(of caller: String?) -> [String] {
        // Every key's file holds the authority as well.
        ["--cacert", path(of: "somebody")] + (caller.map { ["--cert", path(of: $0)] } ?? [])
    }

    static func daysAgo(_ days: Int64) -> Timestamp {
        Timestamp(millisecondsSince1970: Timestamp.now.millisecondsSince1970 - days * 86_400_000)
    }
}

/// What the tests wait for in a server's log.
private final class LogWatch: Sendable {
    private struct State {
        var lines: [String] = []
        var waiters: [(text: String, continuation: AsyncStream<Void>.Continuation)] = []
    }

    private let state = Mutex(State())

    func add(_ line: String) {
        state.withLock { state in
            state.lines.append(line)
            for waiter in state.waiters where line.contains(waiter.text) { waiter.continuation.finish() }
        }
    }

    func wait(for text: String) async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        state.withLock { state in
            if state.lines.contains(where: { $0.contains(text) }) {
                continuation.finish()
            } else {
                state.waiters.append((text, continuation))
            }
        }
        try await Patience.bound("\(text) in \(state.withLock { $0.lines })") { for await _ in stream {} }
    }
}
