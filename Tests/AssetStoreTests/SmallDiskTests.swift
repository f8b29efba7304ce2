import AssetProtocol
import ChildProcess
import Foundation
import Testing

@testable import AssetStore

@Suite(
    "A store on a small disk", .serialized, .enabled(if: geteuid() == 0, "mounts a small disk, which needs root"))
struct SmallDiskTests {
    /// A disk in memory of so many MiB, unmounted afterwards.
    private func withDisk(_ size: Int, _ body: (Given) async throws -> Void) async throws {
        let given = Given()
        try FileManager.default.createDirectory(atPath: given.folder, withIntermediateDirectories: true)
        try await run("mount", "-t", "tmpfs", "-o", "size=\(size)m", "none", given.folder)
        do { try await body(given) } catch {
            try await run("umount", "-l", given.folder)
            throw error
        }
        try await run("umount", "-l", given.folder)
    }

    private func run(_ program: String, _ arguments: String...) async throws {
        let ending = try await ChildProcess(program, arguments: arguments).run { _ in }
        try #require(ending == .exited(code: 0), "\(program) \(arguments)")
    }

    @Test("A full disk: a clear error, everything that was accepted stays, and it goes on when there is room")
    func full() async throws {
        try await withDisk(8) { given in
            let store = try given.store(keep: 100)
            var accepted: [FileVersion] = []
            // Large ones fill it, small ones the rest to the last byte.
            for size in [1_000_000, 10_000, 100, 1] {
                do {
                    for number in 0..<3000 {
                        let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: size + number % 50)
                        accepted.append(try await store.push(StoragePath("file-\(number % 7)"), bytes))
                    }
                } catch {
                    guard case AssetStoreError.full = error else { throw error }
                    #expect(error.sentence.contains("no space is left") && error.sentence.contains("make room"))
                }
            }
            let kept = try await store.versions(of: "file-0")
            #expect(!kept.isEmpty && Set(kept).isSubset(of: accepted))
            #expect(try await store.verify().isEmpty)
            #expect(try await store.list().sequence == accepted.last?.sequence)
            try await run("mount", "-o", "remount,size=20m", given.folder)
            let next = try await store.push("more", Array(repeating: 1, count: 1_000_000))
            #expect(next.sequence == accepted.last!.sequence + 1)
            store.close()
            let again = try given.store(keep: 100)
            #expect(try await again.verify().isEmpty)
            #expect(try await again.versions(of: "file-0") == kept)
            #expect(try await again.newest(of: "more") == next)
            again.close()
        }
    }

    @Test("A disk that became read-only: a clear error, and reading goes on")
    func readOnly() async throws {
        try await withDisk(8) { given in
            let store = try given.store()
            let version = try await store.push("a", [1])
            store.close()
            try await run("mount", "-o", "remount,ro", given.folder)
            let error = #expect(throws: AssetStoreError.self) { try given.store() }
            #expect(error?.sentence.contains("cannot be written") == true, "\(error?.sentence ?? "")")
            try await run("mount", "-o", "remount,rw", given.folder)
            let again = try given.store()
            #expect(try await again.newest(of: "a") == version)
            again.close()
        }
    }
}
