import ChildProcess
import Foundation
import HubProtocol
import Testing

/// An answer to curl.
struct Answer {
    /// `nil`: no answer came.
    var status: Int?
    var type: String
    var body: String
    /// curl's own exit code; see its manual.
    var code: Int32

    func decoded<Document: Decodable>(as type: Document.Type) throws -> Document {
        try JSONDecoder().decode(type, from: Data(body.utf8))
    }

    var command: CommandResponse {
        get throws { try CommandResponse(decoding: Array(body.utf8)) }
    }

    /// The sentence of a problem document (RFC 9457), which every other refusal is.
    var detail: String? {
        struct Document: Decodable {
            var status: Int
            var title: String
            var detail: String
        }
        guard type == "application/problem+json", let document = try? decoded(as: Document.self),
            document.status == status
        else { return nil }
        return document.detail
    }
}

enum Curl {
    static func run(_ url: String, _ arguments: [String]) async throws -> Answer {
        let outcome = try await Understudy.run(
            "/usr/bin/curl",
            ["--silent", "--show-error", "--max-time", "60", "--write-out", "\n%{content_type}\n%{http_code}"]
                + arguments + [url])
        var lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
        let status = lines.popLast().flatMap { Int($0) }
        let type = lines.popLast() ?? ""
        return Answer(
            status: status == 0 ? nil : status, type: String(type), body: lines.joined(separator: "\n"),
            code: outcome.code)
    }
}

/// A server's events, as curl hears them.
final class EventStream: Sendable {
    struct Ended: Error {}

    private let states: AsyncStream<SeenState>
    private let task: Task<Void, Never>

    convenience init(_ site: WebSite, as caller: String? = nil) {
        let arguments =
            ["--silent", "--no-buffer"] + (site.keys?.arguments(of: caller) ?? []) + [site.url("api/events")]
        self.init(arguments)
    }

    init(_ arguments: [String]) {
        let (states, continuation) = AsyncStream.makeStream(of: SeenState.self)
        self.states = states
        task = Task {
            _ = try? await ChildProcess("/usr/bin/curl", arguments: arguments).run(reading: .everything) { line in
                guard line.hasPrefix("data: ") else { return }
                if let state = try? JSONDecoder().decode(SeenState.self, from: Data(line.dropFirst(6).utf8)) {
                    continuation.yield(state)
                } else {
                    Issue.record("not the state of a site: \(line)")
                }
            }
            continuation.finish()
        }
    }

    /// The next one that fits.
    func next(where isWanted: @escaping @Sendable (SeenState) -> Bool) async throws -> SeenState {
        let states = states
        return try await Patience.bound("an event") {
            guard let state = await states.first(where: isWanted) else { throw Ended() }
            return state
        }
    }

    /// Waits until the server ends it.
    func ended() async throws {
        let states = states
        try await Patience.bound("the end of the events") { for await _ in states {} }
    }

    func stop() { task.cancel() }
}

/// No test waits for ever.
enum Patience {
    struct Over: Error, CustomStringConvertible {
        let description: String
    }

    static func bound<Result: Sendable>(
        _ what: String, _ span: Duration = .seconds(30), _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: span)
                throw Over(description: "waited \(span) for \(what)")
            }
            defer { group.cancelAll() }
            return try await group.next()!
        }
    }
}
