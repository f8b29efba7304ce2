import FailoverCore
import Foundation
import HubClient
import HubProtocol
import LocalSite
import MQTTSession

extension LocalSite {
    /// Main without a Backup.
    func startMainAlone(_ more: [String] = []) async throws {
        var arguments = try await arguments(of: main)
        if let index = arguments.firstIndex(of: "--backup") { arguments.removeSubrange(index...index + 1) }
        try await start(main.name, arguments + more)
        let main = main
        try await watch.wait(for: "Main active, its show files listed") { view in
            view.isActive(main.name, at: main.observed) && view.hubs[main.observed]?.shows != nil
        }
    }

    @discardableResult
    nonisolated func show(_ arguments: String...) async throws -> Understudy.Outcome {
        try await Understudy.run(["show"] + arguments + hubs.flatMap { ["--hub", "\($0)"] })
    }

    /// As `show list --json` has it.
    nonisolated func shows() async throws -> HubShows {
        try HubShows(decoding: Array(try await show("list", "--json").output.utf8))
    }

    nonisolated var showFolder: String { "\(dataPath(of: main.name))/shows" }

    /// Waits for what Main says of its show files.
    func waitForShows(_ what: String, _ condition: @escaping @Sendable (HubShows) -> Bool) async throws {
        let main = main
        try await watch.wait(for: what) { view in view.hubs[main.observed]?.shows.map(condition) ?? false }
    }
}

/// What one hub sends to an MQTT program that reads the show.
@SessionLoop
final class PlainReader {
    private var session: Session!
    private var received: [String] = []
    private let opened: AsyncStream<Void>
    private var end: (text: String, continuation: AsyncStream<Void>.Continuation)?

    /// Returns when it reads, after what is retained has come.
    static func open(_ hub: Endpoint) async throws -> PlainReader {
        let reader = PlainReader(hub)
        for await _ in reader.opened {}
        try await reader.session.subscribe("show/#")
        try await reader.session.subscribe("nothing")
        reader.received = []
        return reader
    }

    private init(_ hub: Endpoint) {
        let (opened, opening) = AsyncStream.makeStream(of: Void.self)
        self.opened = opened
        session = Session(
            .init(endpoint: hub, clientID: "plain-\(UInt32.random(in: 0 ... .max))")
        ) { [weak self] event in
            switch event {
            case .opened, .closed: opening.finish()
            case .message(let message): self?.note(message)
            }
        }
        session.open()
    }

    private func note(_ message: Message) {
        let line = "\(message.topic)=\(String(decoding: message.payload, as: UTF8.self))"
        received.append(line)
        if line == end?.text { end?.continuation.finish() }
    }

    /// Everything up to this line, `TOPIC=PAYLOAD`, without it.
    func lines(until text: String) async throws -> [String] {
        if !received.contains(text) {
            let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
            end = (text, continuation)
            try await Patience.bound(text) { for await _ in stream {} }
        }
        let lines = received.prefix { $0 != text }
        received.removeFirst(lines.count + 1)
        return Array(lines)
    }

    func close() { session.close() }
}
