import FailoverCore
import Foundation
import GRDB
import HubProtocol
import Replication
import Testing

@testable import StateStore

@Suite("State store")
struct StateStoreTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "store-\(UUID())").path
    private var path: String { folder + "/show.sqlite" }

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

    @Test("What was written is read again, with all that belongs to a message")
    func roundTrip() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let write = Self.write("show/cam-1/a", [0, 255, 10], 7)
        let publisher = try #require(Publisher(machine: Self.main, session: "run"))
        let store = try StateStore(path: path)
        try await store.keep([write], publishers: [publisher: 12], counter: 7)
        let content = try StateStore(path: path).read()
        #expect(content.retained == [write])
        #expect(content.publishers == [publisher: 12])
        #expect(content.counter == 7)
    }

    @Test("Each run counts on above all that the run before can have given, also when that one wrote nothing more")
    func runs() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = try StateStore(path: path)
        try await store.keep([Self.write("a", [1], 9)], counter: 7)
        let first = try store.startRun().counter
        let second = try StateStore(path: path).startRun().counter
        #expect(first > 9 && second > first + 100_000)
    }

    @Test("Power loss at any byte of a write leaves a store that opens, with the writes before it")
    func powerLoss() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = try StateStore(path: path)
        try await store.keep([Self.write("a", [1], 1)], counter: 1)
        let before = try Data(contentsOf: URL(filePath: path + "-wal"))
        try await store.keep([Self.write("b", Array(repeating: 2, count: 3000), 2)], counter: 2)
        let after = try Data(contentsOf: URL(filePath: path + "-wal"))
        let database = try Data(contentsOf: URL(filePath: path))
        #expect(after.count > before.count && after.prefix(before.count) == before)
        let cut = folder + "/cut.sqlite"
        for length in stride(from: before.count, to: after.count, by: 37) {
            for file in [cut, cut + "-wal", cut + "-shm"] { try? FileManager.default.removeItem(atPath: file) }
            try database.write(to: URL(filePath: cut))
            try after.prefix(length).write(to: URL(filePath: cut + "-wal"))
            let content = try StateStore(path: cut).read()
            #expect(content.retained.map(\.message.topic) == ["a"], "cut at \(length)")
        }
    }

    @Test("A store of a newer version is refused, and left as it is")
    func newer() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = try StateStore(path: path)
        try DatabaseQueue(path: path).write { try $0.execute(sql: "PRAGMA user_version = 99") }
        #expect(throws: StateStoreError.newer(path: path)) { try StateStore(path: path) }
    }

    @Test("A file that is no store is refused with a sentence that says what to do")
    func damaged() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data(repeating: 0x41, count: 8192).write(to: URL(filePath: path))
        let error = #expect(throws: StateStoreError.self) { try StateStore(path: path) }
        #expect(error?.description.contains("Move the file away") == true)
    }

    private static let main = MachineName("main-1")!

    private static func write(_ topic: String, _ payload: [UInt8], _ counter: UInt64) -> Write {
        var properties = HubMessage.Properties()
        properties.contentType = "application/octet-stream"
        properties.user = [.init(name: "a", value: "b"), .init(name: "a", value: "c")]
        return Write(
            message: HubMessage(
                topic: topic, payload: payload, isRetained: true, expiry: Timestamp(millisecondsSince1970: 5),
                identity: MessageIdentity("cam-1/run/3"), properties: properties),
            stamp: Stamp(epoch: Epoch(4), counter: counter, origin: main))
    }
}

extension StateStore {
    func keep(_ writes: [Write], publishers: [Publisher: UInt64] = [:], counter: UInt64) async throws {
        var changes = Changes()
        for write in writes { changes.retained[write.message.topic] = write }
        changes.publishers = publishers
        changes.counter = counter
        let error = await withCheckedContinuation { continuation in
            write(changes, survivesPowerLoss: true) { continuation.resume(returning: $0) }
        }
        if let error { throw error }
    }
}
