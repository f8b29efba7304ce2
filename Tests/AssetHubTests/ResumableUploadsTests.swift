import AssetProtocol
import AssetStore
import FailoverCore
import Foundation
import Testing

@testable import AssetHub

@Suite("Uploads that resume")
final class ResumableUploadsTests {
    private let folder = FileManager.default.temporaryDirectory.path(percentEncoded: false) + "uploads-\(UUID())"
    private let store: AssetStore
    private let uploads: ResumableUploads
    private let anna = MachineName("anna")!

    init() throws {
        store = try AssetStore(folder: folder)
        uploads = ResumableUploads(store: store, limit: 2, patience: .milliseconds(100))
    }

    deinit {
        store.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func begin() async throws -> String {
        try await uploads.begin(
            .init(path: try StoragePath("film"), author: anna, precondition: .none, digest: nil, size: 3))
    }

    @Test("An earlier turn neither receives nor ends what a later one has taken over")
    func turns() async throws {
        let name = try await begin()
        let first = try await uploads.resume(name, by: anna)
        let second = try await uploads.resume(name, by: anna)
        await #expect(throws: ResumableUploads.Gone.self) { try await uploads.receive(first) { _ in } }
        await #expect(throws: ResumableUploads.Gone.self) { try await uploads.giveUp(first) }
        let arrived = try await uploads.receive(second) { try await $0.append([1, 2, 3]) }
        #expect(arrived == 3)
        let (path, author) = (try StoragePath("film"), anna)
        let version = try await uploads.commit(second) { try await $0.commit(path, author: author) }
        #expect(version.number == 1)
        // The answer may be lost; whoever asks again gets the same.
        let again = try await uploads.resume(name, by: anna)
        #expect(try await again.outcome?.value == version && again.offset == 3)
        await #expect(throws: ResumableUploads.Gone.self) {
            try await uploads.commit(again) { try await $0.commit(path, author: author) }
        }
        await #expect(throws: ResumableUploads.Gone.self) { try await uploads.giveUp(again) }
    }

    @Test("One that is refused in the end is gone")
    func refusal() async throws {
        let name = try await begin()
        let (turn, path, author) = (try await uploads.resume(name, by: anna), try StoragePath("film"), anna)
        await #expect(throws: AssetStoreError.self) {
            try await uploads.commit(turn) { try await $0.commit(path, author: author, size: 3) }
        }
        await #expect(throws: ResumableUploads.Gone.self) { try await uploads.resume(name, by: anna) }
    }

    @Test("Whoever takes over ends what is being received, and goes on behind what has come")
    func takeover() async throws {
        let name = try await begin()
        let first = try await uploads.resume(name, by: anna)
        let (came, coming) = AsyncStream.makeStream(of: Void.self)
        let dead = Task { [uploads] in
            try await uploads.receive(first) { upload in
                try await upload.append([1, 2])
                coming.finish()
                // A connection over which nothing comes any more.
                for await _ in AsyncStream<Void>.makeStream().stream {}
            }
        }
        for await _ in came {}
        let second = try await uploads.resume(name, by: anna)
        #expect(second.offset == 2)
        await #expect(throws: ResumableUploads.Gone.self) { try await dead.value }
        let arrived = try await uploads.receive(second) { try await $0.append([3]) }
        #expect(arrived == 3)
    }

    @Test("Nobody else resumes it, there are not too many, and those of which nothing is heard are given up")
    func bounds() async throws {
        let name = try await begin()
        await #expect(throws: ResumableUploads.Gone.self) { try await uploads.resume(name, by: MachineName("ben")!) }
        _ = try await begin()
        await #expect(throws: ResumableUploads.TooMany.self) { try await begin() }
        let care = Task { [uploads] in await uploads.run() }
        defer { care.cancel() }
        while await uploads.count > 0 { try await Task.sleep(for: .milliseconds(10)) }
        await #expect(throws: ResumableUploads.Gone.self) { try await uploads.resume(name, by: anna) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/uploads").isEmpty)
    }
}
