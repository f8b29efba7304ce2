import ArgumentParser
import AssetProtocol
import AssetStore
import FailoverCore
import Foundation

/// How long pushes take, and how much memory.
struct MeasureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure", abstract: "Commit many files, then see how long it took.")

    @Argument(help: "A folder for the store, new or empty.")
    var folder: String
    @Option(help: "How many files.")
    var files = 10_000
    @Option(help: "The size of each, in bytes.")
    var size = 1024
    @Option(help: "How many are pushed at once.")
    var writers = 8

    func run() async throws {
        let store = try AssetStore(folder: folder)
        let began = ContinuousClock.now
        try await withThrowingTaskGroup { group in
            for writer in 0..<writers {
                group.addTask {
                    for number in stride(from: writer, to: files, by: writers) { try await push(number, into: store) }
                }
            }
            try await group.waitForAll()
        }
        let seconds = began.duration(to: .now) / .seconds(1)
        let sequence = try await store.list(ListingQuery(limit: 1)).sequence
        print(
            "\(sequence) files of \(size) bytes by \(writers) writers: \(seconds) s, peak memory \(peakMemory() / 1024) MiB"
        )
    }

    private func push(_ number: Int, into store: AssetStore) async throws {
        let upload = store.begin()
        var part = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: min(size, 1 << 16))
        withUnsafeBytes(of: number) { part.replaceSubrange(0..<min(8, part.count), with: $0.prefix(part.count)) }
        var left = size
        while left > 0 {
            let count = min(left, part.count)
            try await upload.append(part[..<count])
            left -= count
        }
        _ = try await upload.commit(StoragePath("files/\(number % 100)/\(number)"), author: MachineName("measure")!)
    }

    /// In KiB, the most that was ever resident.
    private func peakMemory() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss
    }
}
