import ArgumentParser
import AssetProtocol
import AssetStore
import Crypto
import FailoverCore
import Foundation
import Glibc

/// Changes few files as often as it can, until it is killed. It says beforehand what it begins, and afterwards what was
/// accepted.
struct WriteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "write", abstract: "Change files at random until killed, one line of output for each step.")

    @Argument(help: "The store's folder.")
    var folder: String
    @Option(help: "How many versions of each file are kept.")
    var keep = 3
    @Option(help: "How many dropped versions the journal may tell of.")
    var slack = 50
    @Option(help: "How many write at once.")
    var writers = 8

    func run() async throws {
        let store = try AssetStore(folder: folder, keep: keep, compactionSlack: slack)
        await withTaskGroup { group in
            for writer in 0..<writers {
                group.addTask { await write(into: store, MachineName("writer-\(writer)")!) }
            }
        }
    }

    private func write(into store: AssetStore, _ author: MachineName) async {
        while true {
            do { try await change(store, author) } catch AssetStoreError.noSuchFile {} catch { say("failed \(error)") }
        }
    }

    private func change(_ store: AssetStore, _ author: MachineName) async throws {
        let path = try StoragePath("folder-\(Int.random(in: 0..<3))/file-\(Int.random(in: 0..<5))")
        if Int.random(in: 0..<8) == 0 {
            say("begins \(path) deleted")
            let version = try await store.delete(path, author: author)
            say("accepted \(version.sequence) \(path) \(version.tag)")
            return
        }
        let size = Int.random(in: 0..<10) == 0 ? Int.random(in: 0..<2_000_000) : Int.random(in: 0..<20_000)
        // Some contents come again.
        let content = [UInt8](repeating: .random(in: 0 ... .max), count: Bool.random() ? size : size % 3)
        say(
            "begins \(path) \(SHA256.hash(data: content).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())"
        )
        let upload = store.begin()
        for start in stride(from: 0, to: content.count, by: 50_000) {
            try await upload.append(content[start..<min(start + 50_000, content.count)])
        }
        let version = try await upload.commit(path, author: author)
        say("accepted \(version.sequence) \(path) \(version.tag)")
    }

    /// A line at a time, whoever else writes: a short write to a pipe is not parted.
    private func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = Glibc.write(STDOUT_FILENO, bytes, bytes.count)
    }
}
