import AssetProtocol
import FailoverCore
import Foundation
import GRDB
import Testing

@testable import AssetStore

@Suite("A store on a disk that fails")
struct DamageTests {
    private let given = Given()

    private func fill() async throws -> [FileVersion] {
        let store = try given.store(keep: 3)
        defer { store.close() }
        for number in 1...5 { try await store.push("a", [UInt8(number)]) }
        try await store.push("b", [1, 1])
        try await store.delete("b", author: Given.other)
        return try await everything(store)
    }

    private func everything(_ store: AssetStore) async throws -> [FileVersion] {
        var all: [FileVersion] = []
        for version in try await store.list(ListingQuery(withDeletions: true)).versions {
            all += try await store.versions(of: version.path)
        }
        return all
    }

    @Test("An index whose values make no sense is an error, and is made anew; nobody's process ends for it")
    func senselessIndex() async throws {
        let versions = try await fill()
        for damage in ["size = NULL", "size = -1", "digest = 'x'", "author = ''", "path = '..'", "number = 'many'"] {
            let store = try given.store(keep: 3)
            let index = try DatabaseQueue(path: given.folder + "/index.sqlite")
            try await index.write { try $0.execute(sql: "UPDATE version SET \(damage) WHERE path = 'a' AND isNewest") }
            try index.close()
            await #expect(throws: AssetStoreError.self, "\(damage)") { try await store.list() }
            try await store.rebuild()
            #expect(try await everything(store) == versions, "\(damage)")
            store.close()
        }
    }

    @Test("A journal that was cut short at any byte is whole up to there, and goes on from there")
    func tornJournal() async throws {
        let versions = try await fill()
        let journal = given.journal
        let last = journal.dropLast().lastIndex(of: UInt8(ascii: "\n"))! + 1
        for cut in last..<journal.count {
            given.journal = journal.prefix(cut)
            let store = try given.store(keep: 3)
            #expect(try await everything(store) == versions.filter { $0.sequence < 7 }, "cut at \(cut)")
            let deletion = try await store.delete("b", author: Given.other)
            #expect(deletion.sequence == 7 && deletion.number == 2)
            store.close()
            #expect(try await reopened() == (1...7).filter { $0 > 2 })
        }
    }

    private func reopened() async throws -> [Int] {
        let store = try given.store(keep: 3)
        defer { store.close() }
        return try await everything(store).map(\.sequence).sorted()
    }

    @Test("A last line with a hole from a power loss is cut off; damage before the end is told and nothing is touched")
    func damagedJournal() async throws {
        let versions = try await fill()
        let journal = given.journal
        let last = journal.dropLast().lastIndex(of: UInt8(ascii: "\n"))! + 1
        var hole = journal
        hole.replaceSubrange((last + 20)..<(last + 40), with: Data(count: 20))
        given.journal = hole
        removeIndex()
        do {
            let store = try given.store(keep: 3)
            #expect(try await everything(store) == versions.filter { $0.sequence < 7 })
            store.close()
        }
        var damaged = journal
        damaged[last - 30] = 0
        given.journal = damaged
        removeIndex()
        let files = given.files
        let error = #expect(throws: AssetStoreError.self) { try given.store(keep: 3) }
        #expect(error?.sentence.contains("is damaged at byte") == true)
        #expect(given.files == files && given.journal == damaged)
    }

    private func removeIndex() {
        for file in ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"] {
            try? FileManager.default.removeItem(atPath: "\(given.folder)/\(file)")
        }
    }

    @Test("A journal that was damaged while the store runs is found")
    func verifyJournal() async throws {
        _ = try await fill()
        let store = try given.store(keep: 3)
        var damaged = given.journal
        damaged[damaged.count - 300] = 0
        let file = try FileHandle(forWritingTo: URL(filePath: given.folder + "/journal"))
        try file.write(contentsOf: damaged)
        let error = await #expect(throws: AssetStoreError.self) { try await store.verify() }
        #expect(error?.sentence.contains("is damaged at byte") == true)
    }

    @Test("A journal of a newer version, or that is gone, is refused, and no content is touched")
    func otherJournal() async throws {
        _ = try await fill()
        let files = given.contents
        let text = String(decoding: given.journal, as: UTF8.self)
        given.journal = Data(text.replacing("\"format\":1", with: "\"format\":99").utf8)
        #expect(throws: AssetStoreError.newer(path: given.folder + "/journal")) { try given.store(keep: 3) }
        try FileManager.default.removeItem(atPath: given.folder + "/journal")
        #expect(throws: AssetStoreError.journalMissing(folder: given.folder)) { try given.store(keep: 3) }
        #expect(given.contents == files)
    }

    @Test(
        "An index that is missing, garbage, cut, of another format, empty or of another journal is made anew",
        arguments: ["missing", "garbage", "cut", "format", "empty", "tables", "other", "rows", "folder"])
    func damagedIndex(_ kind: String) async throws {
        let versions = try await fill()
        let path = given.folder + "/index.sqlite"
        let change = { (sql: String) async throws in
            try await DatabaseQueue(path: path).writeWithoutTransaction { try $0.execute(sql: sql) }
        }
        switch kind {
        case "missing": try FileManager.default.removeItem(atPath: path)
        case "garbage": try Data(repeating: 0x41, count: 50_000).write(to: URL(filePath: path))
        case "cut": try FileManager.default.contents(atPath: path)!.prefix(9000).write(to: URL(filePath: path))
        case "format": try await change("PRAGMA user_version = 99")
        case "empty": try Data().write(to: URL(filePath: path))
        case "tables": try await change("DROP TABLE progress")
        case "other": try await change("UPDATE progress SET identity = 'x'")
        case "rows":
            try await change("DELETE FROM version WHERE path = 'b'")
        default:
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            #expect(throws: AssetStoreError.self) { try given.store(keep: 3) }
            try FileManager.default.removeItem(atPath: path)
        }
        let store = try given.store(keep: 3)
        #expect(try await everything(store) == versions)
        #expect(try await store.pull("a") == [5])
        #expect(try await store.push("a", [6]).sequence == 8)
        store.close()
    }

    @Test("Readers and writers go on while the index is made anew")
    func rebuildWhileUsed() async throws {
        let store = try given.store(keep: 3)
        try await store.push("a", [0])
        try await withThrowingTaskGroup { group in
            group.addTask { for number in 0..<100 { try await store.push("a", [UInt8(number)]) } }
            group.addTask { for _ in 0..<10 { try await store.rebuild() } }
            group.addTask {
                for _ in 0..<200 {
                    let bytes = try await store.pull("a")
                    #expect(bytes.count == 1)
                }
            }
            try await group.waitForAll()
        }
        #expect(try await store.newest(of: "a")?.number == 101)
    }

    @Test("A damaged or missing content is found, with every version that has it, and repaired by pushing it again")
    func verify() async throws {
        let store = try given.store()
        let first = try await store.push("a", [1, 2, 3])
        let second = try await store.push("b", [1, 2, 3])
        let third = try await store.push("c", [4])
        try await store.push("d", [5])
        #expect(try await store.verify().isEmpty)
        try Data([1, 2, 4]).write(to: URL(filePath: given.path(ofContent: [1, 2, 3])))
        try FileManager.default.removeItem(atPath: given.path(ofContent: [4]))
        let damages = try await store.verify()
        #expect(
            Set(damages) == [
                Damage(version: first, isMissing: false), Damage(version: second, isMissing: false),
                Damage(version: third, isMissing: true),
            ])
        #expect(damages.contains { $0.description.contains("a, version 1 by cam-1 at ") })
        await #expect(throws: AssetStoreError.contentMissing(third)) { try await store.open("c") }
        try await store.push("e", [1, 2, 3])
        try await store.push("e", [4])
        #expect(try await store.verify().isEmpty)
        #expect(try await store.pull("a") == [1, 2, 3])
    }

    @Test("What a crash left beside the contents and uploads is removed at the next opening")
    func leftovers() async throws {
        _ = try await fill()
        let files = given.files
        try Data([1]).write(to: URL(filePath: given.folder + "/uploads/half"))
        try Data([7]).write(to: URL(filePath: given.folder + "/content/00/strange"))
        let orphan = given.path(ofContent: [7])
        try Data([7]).write(to: URL(filePath: orphan))
        try given.store(keep: 3).close()
        #expect(given.files == files)
    }

    @Test("The journal is made short when most of it is dropped, and tells the same")
    func compaction() async throws {
        let store = try given.store(keep: 2, slack: 20)
        for number in 0..<200 { try await store.push("a", [UInt8(number)]) }
        try await store.push("b", [1])
        try await store.delete("b", author: Given.author)
        let before = try await everything(store)
        store.close()
        #expect(given.journal.split(separator: UInt8(ascii: "\n")).count < 40)
        let again = try given.store(keep: 2, slack: 20)
        #expect(try await everything(again) == before)
        try await again.rebuild()
        #expect(try await everything(again) == before)
        #expect(try await again.push("b", [2]).number == 3)
        again.close()
    }
}
