import AssetProtocol
import ChildProcess
import Foundation
import Synchronization
import Testing

@testable import AssetStore

@Suite("A store whose process is killed")
struct CrashTests {
    /// What a process that writes said before it was killed.
    private struct Said {
        /// By path, the contents that it began to push, or "deleted".
        var begun: Set<[String]> = []
        /// By sequence number: path and tag.
        var accepted: [Int: [String]] = [:]
    }

    @Test("I7: after SIGKILL at 60 random moments, every accepted version is whole and no other is visible")
    func kills() async throws {
        let given = Given()
        let keep = 3
        // Everything that was ever accepted, or found after a kill: from then on it stays.
        var known: [Int: [String]] = [:]
        var found = 0
        for round in 1...60 {
            let said = try await writeUntilKilled(
                in: given.folder, keep: keep, after: .milliseconds(Int.random(in: 30...450)))
            known.merge(said.accepted) { old, _ in old }
            let store = try given.store(keep: keep, slack: 50)
            #expect(try await store.verify().isEmpty, "round \(round)")
            var visible: [Int: [String]] = [:]
            var digests = Set<String>()
            var newest: [String: Int] = [:]
            for file in try await store.list(ListingQuery(withDeletions: true)).versions {
                let versions = try await store.versions(of: file.path)
                let path = file.path.description
                newest[path] = file.number
                #expect(versions.map(\.number) == Array(((file.number - versions.count + 1)...file.number).reversed()))
                #expect(versions.count == min(keep, file.number), "round \(round)")
                for version in versions {
                    visible[version.sequence] = [path, version.tag.description]
                    if let content = version.content { digests.insert(content.digest.description) }
                }
            }
            for (sequence, version) in known where visible[sequence] != version {
                let tag = try #require(VersionTag(version[1]))
                #expect(
                    tag.number <= newest[version[0], default: 0] - keep,
                    "round \(round): \(sequence) \(version) is lost")
                #expect(visible[sequence] == nil, "round \(round): \(sequence) is another one")
            }
            for (sequence, version) in visible where known[sequence] == nil {
                let content = version[1].split(separator: "-")[1]
                #expect(said.begun.contains([version[0], String(content)]), "round \(round): nobody pushed \(version)")
                found += 1
            }
            known.merge(visible) { old, _ in old }
            store.close()
            #expect(Set(given.contents.map { String($0.suffix(64)) }) == digests, "round \(round)")
            #expect(given.files.count == digests.count + 1, "round \(round)")
        }
        // Else it was killed before it did anything.
        #expect(known.count > 500)
        print("60 kills: \(known.count) versions accepted, \(found) of them unknown to their author")
    }

    private func writeUntilKilled(in folder: String, keep: Int, after time: Duration) async throws -> Said {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") as NSString
        let trial = program.deletingLastPathComponent + "/AssetStoreTrial"
        let lines = Mutex<[String]>([])
        let ending = try await ChildProcess(trial, arguments: ["write", folder, "--keep", "\(keep)"]).run(
            reading: .everything,
            onStart: { id in
                Task {
                    try await Task.sleep(for: time)
                    kill(id, SIGKILL)
                }
            },
            onLine: { line in lines.withLock { $0.append(line) } })
        #expect(ending == .killed(signal: SIGKILL))
        var said = Said()
        for line in lines.withLock({ $0 }) {
            let words = line.split(separator: " ").map(String.init)
            switch words.first {
            case "begins" where words.count == 3: said.begun.insert([words[1], words[2]])
            case "accepted" where words.count == 4: said.accepted[try #require(Int(words[1]))] = [words[2], words[3]]
            default: Issue.record("the writer said: \(line)")
            }
        }
        return said
    }
}
