import Crypto
import FailoverCore
import Foundation
import LocalSite
import Synchronization
import Testing

/// The Main server killed while files are pushed to it.
@Suite("Files of a server that is killed", .timeLimit(.minutes(10)))
struct HTTPFileCrashTests {
    /// What was pushed, by path: the digests of what was begun, and of the last one that was accepted.
    private struct Pushed {
        var begun: [String: Set<String>] = [:]
        var accepted: [String: [String]] = [:]
    }

    private final class Ledger: Sendable {
        let pushed = Mutex(Pushed())
    }

    private static let probe = "probe"

    private struct Listing: Decodable {
        struct Entry: Decodable {
            var path: String
            var sha256: String
        }

        var files: [Entry]
    }

    @Test("I7: after SIGKILL at random moments of pushes, every accepted file is whole, and no other is there")
    func kills() async throws {
        // make test-all asks for fifty.
        let rounds = ProcessInfo.processInfo.environment["UNDERSTUDY_KILLS"].flatMap { Int($0) } ?? 6
        let site = try await LocalSite(returnDelay: 1)
        let port = FreePorts.take(1)[0]
        let base = "http://127.0.0.1:\(port)/files/"
        var arguments = try await site.arguments(of: site.main) + ["--http", "\(port)"]
        // It acts alone from its first start on.
        let backup = try #require(arguments.firstIndex(of: "--backup"))
        arguments.removeSubrange(backup...backup + 1)
        let opening = ["--retry", "60", "--retry-delay", "1", "--retry-all-errors", "--fail"]
        let ledger = Ledger()
        do {
            for round in 1...rounds {
                let process = try await site.start(site.main.name, arguments)
                // Until files are open.
                let probe = opening + ["-X", "PUT", "--data-binary", "x"]
                #expect([200, 201].contains(try await Curl.run(base + Self.probe, probe).status))
                if round > 1 { try await check(ledger.pushed.withLock { $0 }, at: base, round) }
                try await withThrowingTaskGroup { group in
                    for pusher in 0..<3 {
                        group.addTask { try await Self.push(by: pusher, round, to: base, ledger) }
                    }
                    try await Task.sleep(for: .milliseconds(Int.random(in: 100...700)))
                    try await process.kill()
                    try await group.waitForAll()
                }
            }
            let (begun, accepted) = ledger.pushed.withLock {
                ($0.begun.values.map(\.count).reduce(0, +), $0.accepted.values.map(\.count).reduce(0, +))
            }
            // Else it was killed before it did anything.
            #expect(accepted > rounds)
            print("\(rounds) kills: \(begun) pushes begun, \(accepted) accepted")
        } catch {
            await site.end()
            throw error
        }
        await site.end()
    }

    /// Until the server is gone.
    private static func push(by pusher: Int, _ round: Int, to base: String, _ ledger: Ledger) async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "push-\(UUID())")
        defer { try? FileManager.default.removeItem(at: file) }
        var number = 0
        while true {
            number += 1
            var content = Data("\(pusher) \(round) \(number)".utf8)
            content.append(Data(repeating: UInt8(number & 255), count: [100, 20_000, 3_000_000].randomElement()!))
            try content.write(to: file)
            let path = "p\(pusher)/\(number % 5)"
            let digest = SHA256.hash(data: content)
            let name = digest.map { String(format: "%02x", $0) }.joined()
            ledger.pushed.withLock { _ = $0.begun[path, default: []].insert(name) }
            let answer = try await Curl.run(
                base + path,
                ["-T", file.path(), "-H", "Repr-Digest: sha-256=:\(Data(digest).base64EncodedString()):"])
            // It was invited, perhaps, and never answered.
            guard answer.code == 0 else { return }
            try #require([200, 201].contains(answer.status), "\(answer)")
            ledger.pushed.withLock { $0.accepted[path, default: []].append(name) }
        }
    }

    private func check(_ pushed: Pushed, at base: String, _ round: Int) async throws {
        let files = try await Curl.run(base, []).decoded(as: Listing.self).files
        for (path, accepted) in pushed.accepted {
            let found = files.first { $0.path == path }?.sha256
            // One that was begun later may have been taken, and its author never heard of it.
            let later = pushed.begun[path]!.subtracting(accepted)
            #expect(
                found == accepted.last || found.map(later.contains) == true,
                "round \(round): \(path) is \(found ?? "lost")")
        }
        let out = FileManager.default.temporaryDirectory.appending(path: "pull-\(UUID())")
        defer { try? FileManager.default.removeItem(at: out) }
        for file in files where file.path != Self.probe {
            #expect(pushed.begun[file.path]?.contains(file.sha256) == true, "round \(round): nobody pushed \(file)")
            _ = try await Curl.run(base + file.path, ["-o", out.path()])
            let content = try Data(contentsOf: out)
            let digest = SHA256.hash(data: content).map { String(format: "%02x", $0) }.joined()
            #expect(digest == file.sha256, "round \(round): \(file.path) is damaged")
        }
    }
}
