import ArgumentParser
import ChildProcess
import FailoverCore
import Foundation
import MQTTSession

/// What keeps a broker or a machine busy. The programs are third parties'.
enum Load: String, ExpressibleByArgument, CaseIterable {
    case snapshots, messages, processors

    var description: String {
        switch self {
        case .snapshots: "50 clients that each subscribe to 20,000 retained topics, again and again"
        case .messages: "one hub broker with all the QoS 0 messages that it takes"
        case .processors: "every processor busy with two other programs"
        }
    }

    struct Failed: Error {
        var program: String
        var ending: ChildProcess.Ending
    }

    private static let topics = 20_000
    private static let readers = 50

    /// - Returns: what was done, in a few words.
    func run(on hub: Endpoint, for span: Duration) async throws -> String {
        guard case .tcp(let host, let port) = hub else { return "nothing" }
        let deadline = ContinuousClock.now + span
        switch self {
        case .snapshots:
            try await Flood.retain(Self.topics, on: hub)
            var rounds = 0
            while .now < deadline {
                try await Self.all(
                    Self.readers, "/usr/bin/mosquitto_sub",
                    ["-h", host, "-p", "\(port)", "-t", "load/#", "-C", "\(Self.topics)", "-W", "120"])
                rounds += 1
            }
            return "\(rounds) rounds of \(Self.topics * Self.readers) messages"
        case .messages:
            async let sent = Flood.publish(on: hub, until: deadline)
            let seconds = "\(Int(span / .seconds(1)))"
            try await Self.all(
                2, "/usr/bin/mosquitto_sub", ["-h", host, "-p", "\(port)", "-t", "flood", "-W", seconds])
            return "\(await sent) messages"
        case .processors:
            let count = 2 * ProcessInfo.processInfo.activeProcessorCount
            try await Self.all(
                count, "/usr/bin/timeout", ["\(Int(span / .seconds(1)))", "sh", "-c", "while :; do :; done"])
            return "\(count) of them"
        }
    }

    /// Runs so many of a program at once, and waits for all of them.
    private static func all(_ count: Int, _ program: String, _ arguments: [String]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                group.addTask {
                    _ = try await ChildProcess(program, arguments: arguments).run { _ in
                    } onLine: { _ in
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
