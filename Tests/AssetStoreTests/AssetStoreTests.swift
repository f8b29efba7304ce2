import AssetProtocol
import FailoverCore
import Foundation
import Testing

@testable import AssetStore

@Suite("Asset store")
struct AssetStoreTests {
    private let given = Given()

    // MARK: - Uploads

    @Test("What was pushed is pulled again, with its author, size and digest, also after a restart")
    func roundTrip() async throws {
        let large = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let before = Timestamp(millisecondsSince1970: Int64(Date().timeIntervalSince1970 * 1000) - 1)
        do {
            let store = try given.store()
            let upload = store.begin()
            for start in stride(from: 0, to: large.count, by: 100_001) {
                try await upload.append(large[start..<min(start + 100_001, large.count)])
            }
            let version = try await upload.commit("show/large", author: Given.author)
            #expect(version.sequence == 1 && version.number == 1 && version.author == Given.author)
            #expect(version.content == .init(digest: ContentDigest(of: large), size: 3_000_000))
            #expect(version.time > before)
            try await store.push("empty", [])
            #expect(try await store.pull("show/large") == large)
            store.close()
        }
        let store = try given.store()
        #expect(try await store.pull("show/large") == large)
        #expect(try await store.pull("empty") == [])
        #expect(try await store.list().versions.map(\.path) == ["empty", "show/large"])
    }

    @Test("A large content is read at any place, by one reader and by several")
    func largeContent() async throws {
        let large = (0..<20_000_003).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }
        let store = try given.store()
        try await store.push("large", large)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: OpenFile.alignment)
        defer { memory.deallocate() }
        func expectSame(_ file: OpenFile, at offset: Int, count: Int, shift: Int = 0) throws {
            let part = UnsafeMutableRawBufferPointer(rebasing: memory[shift..<shift + count])
            let read = try file.read(at: offset, into: part)
            #expect(read > 0 && part[..<read].elementsEqual(large[offset..<offset + read]))
        }
        let alone = try await store.open("large")
        for offset in stride(from: 0, to: large.count, by: 1 << 20) {
            try expectSame(alone, at: offset, count: 1 << 20)
        }
        let other = try await store.open("large")
        for file in [alone, other] {
            try expectSame(file, at: 4096, count: 8192)
            // Neither the place nor the memory is one that a disk could use.
            try expectSame(file, at: 4097, count: 5000)
            try expectSame(file, at: 8192, count: 4096, shift: 8)
            #expect(try file.read(at: large.count, into: memory) == 0)
        }
    }

    @Test("The same content is stored once, and goes with the last version that has it")
    func sameContent() async throws {
        let store = try given.store(keep: 1)
        try await store.push("a", [1, 2, 3])
        try await store.push("b", [1, 2, 3])
        #expect(given.contents.count == 1)
        try await store.push("a", [4])
        #expect(given.contents.count == 2)
        try await store.push("b", [4])
        store.close()
        #expect(given.contents == [String(given.path(ofContent: [4]).dropFirst(given.folder.count + 1))])
    }

    @Test("An upload that was aborted or forgotten leaves nothing")
    func abort() async throws {
        let store = try given.store()
        let aborted = store.begin()
        try await aborted.append(Array(repeating: 1, count: 1_000_000))
        await aborted.abort()
        do {
            let forgotten = store.begin()
            try await forgotten.append(Array(repeating: 1, count: 1_000_000))
        }
        try await store.push("a", [1])
        for _ in 0..<100 where given.files.count > 2 { try await Task.sleep(for: .milliseconds(20)) }
        #expect(given.files.count == 2, "\(given.files)")
    }

    @Test("Another digest or size than the author said: nothing is changed, and the sentence names both")
    func wrongContent() async throws {
        let store = try given.store()
        try await store.push("a", [1])
        let size = store.begin()
        try await size.append([1, 2, 3])
        let sizeError = await #expect(throws: AssetStoreError.wrongSize("a", expected: 4, found: 3)) {
            try await size.commit("a", author: Given.author, size: 4)
        }
        #expect(sizeError?.sentence.contains("3 bytes instead of 4") == true)
        let digest = store.begin()
        try await digest.append([1, 2, 3])
        let (expected, found) = (ContentDigest(of: [9]), ContentDigest(of: [1, 2, 3]))
        await #expect(throws: AssetStoreError.wrongDigest("a", expected: expected, found: found)) {
            try await digest.commit("a", author: Given.author, digest: expected, size: 3)
        }
        #expect(try await store.list().sequence == 1)
        #expect(try await store.pull("a") == [1])
        #expect(given.files.count == 2)
    }

    // MARK: - One line of versions

    @Test("I7: of many who change the same version at once, one succeeds, and the others learn who it was")
    func race() async throws {
        let store = try given.store()
        let first = try await store.push("a", [0])
        let outcomes = await withTaskGroup { group in
            for number in 1...20 {
                group.addTask { () -> Result<FileVersion, any Error> in
                    do {
                        let author = MachineName("cam-\(number)")!
                        return .success(
                            try await store.push("a", [UInt8(number)], by: author, if: .newestIs(first.tag)))
                    } catch {
                        return .failure(error)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let winners = outcomes.compactMap { try? $0.get() }
        #expect(winners.count == 1 && winners.first?.number == 2)
        for case .failure(let error) in outcomes {
            guard case AssetStoreError.conflict(let conflict) = error else {
                Issue.record("\(error)")
                continue
            }
            #expect(conflict.expected == first && conflict.found == winners[0])
            #expect(conflict.description.contains("version 1, pushed by cam-1 at "))
            #expect(conflict.description.contains("version 2, pushed by \(winners[0].author) at "))
        }
        store.close()
        #expect(given.contents.count == 2)
    }

    @Test("I7: versions of a file are numbered without gaps, whoever pushes, and go on after a deletion")
    func numbers() async throws {
        let store = try given.store(keep: 100)
        try await withThrowingTaskGroup { group in
            for number in 0..<60 {
                group.addTask { _ = try await store.push(number % 2 == 0 ? "a" : "b", [UInt8(number)]) }
            }
            try await group.waitForAll()
        }
        let deletion = try await store.delete("a", author: Given.other)
        #expect(deletion.number == 31 && deletion.isDeletion && deletion.author == Given.other)
        #expect(try await store.push("a", [1]).number == 32)
        #expect(try await store.versions(of: "a").map(\.number) == Array((1...32).reversed()))
        let sequences = try await store.versions(of: "a").map(\.sequence) + store.versions(of: "b").map(\.sequence)
        #expect(sequences.sorted() == Array(1...62))
    }

    @Test("A file is made only where there is none, and changed back it is not what it was")
    func preconditions() async throws {
        let store = try given.store()
        let first = try await store.push("a", [1], if: .doesNotExist)
        await #expect(throws: AssetStoreError.self) { try await store.push("a", [1], if: .doesNotExist) }
        try await store.push("a", [2], if: .newestIs(first.tag))
        try await store.push("a", [1])
        await #expect(throws: AssetStoreError.self) { try await store.push("a", [3], if: .newestIs(first.tag)) }
        await #expect(throws: AssetStoreError.self) {
            try await store.delete("a", author: Given.author, precondition: .newestIs(first.tag))
        }
        await #expect(throws: AssetStoreError.self) { try await store.push("b", [3], if: .newestIs(first.tag)) }
        let deletion = try await store.delete("a", author: Given.author)
        #expect(try await store.push("a", [1], if: .doesNotExist).number == deletion.number + 1)
        #expect(VersionTag(first.tag.description) == first.tag && VersionTag(deletion.tag.description) == deletion.tag)
        for text in [
            "", "1", "1-", "0-deleted", "01-deleted", "-1-deleted", "1-DELETED", "1-\(ContentDigest(of: []))x",
        ] {
            #expect(VersionTag(text) == nil)
        }
    }

    @Test("A deletion is a version; what is not there is not deleted")
    func deletion() async throws {
        let store = try given.store()
        await #expect(throws: AssetStoreError.noSuchFile("a")) { try await store.delete("a", author: Given.author) }
        try await store.push("a", [1])
        try await store.delete("a", author: Given.author)
        await #expect(throws: AssetStoreError.noSuchFile("a")) { try await store.delete("a", author: Given.author) }
        await #expect(throws: AssetStoreError.noSuchFile("a")) { try await store.open("a") }
        await #expect(throws: AssetStoreError.noSuchVersion("a", number: 2)) { try await store.open("a", version: 2) }
        #expect(try await store.pull("a", version: 1) == [1])
        #expect(try await store.newest(of: "a")?.isDeletion == true)
        #expect(try await store.newest(of: "b") == nil)
    }

    @Test("A name is a file's or a folder's, for no disk can hold both")
    func inTheWay() async throws {
        let store = try given.store()
        let deep = try await store.push("a/b/c", [1])
        await #expect(throws: AssetStoreError.inTheWay("a", deep)) { try await store.push("a", [1]) }
        let error = await #expect(throws: AssetStoreError.inTheWay("a/b/c/d", deep)) {
            try await store.push("a/b/c/d", [1])
        }
        #expect(error?.sentence.contains("cannot be beside the file a/b/c, pushed by cam-1 at ") == true)
        try await store.push("a/b/cd", [1])
        try await store.push("a/b-", [1])
        try await store.delete("a/b/c", author: Given.author)
        try await store.push("a/b/c/d", [1])
        // At the same moment, too.
        for round in 0..<20 {
            let outcomes = await withTaskGroup { group in
                for path in ["x\(round)", "x\(round)/y", "x\(round)/\u{301}/z"] {
                    group.addTask { (try? await store.push(StoragePath(path), [1])) != nil }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            let live = try await store.list(ListingQuery(prefix: "x\(round)")).versions.map(\.path.description)
            #expect(live.count == outcomes && (live == ["x\(round)"] || live.count == 2), "\(live)")
        }
    }

    // MARK: - The gate

    private struct Locked: Error, Equatable {}

    @Test("I7: what the gate refuses is not there, at once and after a restart; its error comes back as it is")
    func gate() async throws {
        do {
            let store = try given.store()
            try await store.push("a", [1])
            await #expect(throws: Locked()) { try await store.push("a", [2]) { throw Locked() } }
            await #expect(throws: Locked()) { try await store.delete("a", author: Given.author) { throw Locked() } }
            #expect(try await store.versions(of: "a").count == 1)
            store.close()
            #expect(given.contents.count == 1)
        }
        #expect(try await given.store().versions(of: "a").count == 1)
    }

    @Test("I7: what the gate refuses once it is on disk is taken back, and its number is given again")
    func gateAfterDisk() async throws {
        do {
            let store = try given.store()
            try await store.push("a", [1])
            let asked = LockedCount()
            await #expect(throws: Locked()) {
                try await store.push("a", [2]) { if asked.change(by: 1) == 2 { throw Locked() } }
            }
            #expect(try await store.versions(of: "a").count == 1)
            store.close()
        }
        let store = try given.store()
        #expect(try await store.versions(of: "a").count == 1)
        #expect(try await store.push("a", [3]).number == 2)
    }

    @Test("The gate is asked only for what would be accepted otherwise, one at a time")
    func gateOrder() async throws {
        let store = try given.store()
        let first = try await store.push("a", [1])
        try await store.push("a", [2])
        await #expect(throws: AssetStoreError.self) {
            try await store.push("a", [3], if: .newestIs(first.tag)) { Issue.record("asked") }
        }
        let inside = LockedCount()
        try await withThrowingTaskGroup { group in
            for number in 0..<40 {
                group.addTask {
                    try await store.push("b", [UInt8(number)]) {
                        #expect(inside.change(by: 1) == 1)
                        usleep(500)
                        inside.change(by: -1)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    // MARK: - Looking up

    @Test("Listing by prefix, since a sequence number, in pages, with and without deletions")
    func listing() async throws {
        let store = try given.store()
        for path: StoragePath in ["b/1", "a/1", "a/2", "ab", "a/é", "c"] { try await store.push(path, [1]) }
        let before = try await store.list().sequence
        #expect(before == 6)
        try await store.push("a/2", [2])
        try await store.delete("a/1", author: Given.author)
        let all = try await store.list()
        #expect(
            all.versions.map(\.path.description) == ["a/2", "a/é", "ab", "b/1", "c"] && all.isWhole && all.sequence == 8
        )
        #expect(try await store.list(ListingQuery(prefix: "a/")).versions.map(\.path) == ["a/2", "a/é"])
        #expect(try await store.list(ListingQuery(prefix: "a")).versions.map(\.path) == ["a/2", "a/é", "ab"])
        #expect(try await store.list(ListingQuery(prefix: "a/e\u{301}")).versions.map(\.path) == ["a/é"])
        #expect(try await store.list(ListingQuery(prefix: "d")).versions.isEmpty)
        #expect(try await store.list(ListingQuery(since: before)).versions.map(\.path) == ["a/2"])
        let changes = try await store.list(ListingQuery(since: before, withDeletions: true)).versions
        #expect(changes.map(\.path) == ["a/1", "a/2"] && changes.map(\.isDeletion) == [true, false])
        var (pages, after): ([[StoragePath]], StoragePath?) = ([], nil)
        while true {
            let page = try await store.list(ListingQuery(limit: 2, after: after))
            pages.append(page.versions.map(\.path))
            after = page.versions.last?.path
            if page.isWhole { break }
        }
        #expect(pages == [["a/2", "a/é"], ["ab", "b/1"], ["c"]])
    }

    @Test("The newest versions are kept; a dropped one is read to its end by whoever reads it")
    func retention() async throws {
        let store = try given.store(keep: 3)
        try await store.push("a", [1])
        let reader = try await store.open("a")
        for number in 2...5 { try await store.push("a", [UInt8(number)]) }
        #expect(try await store.versions(of: "a").map(\.number) == [5, 4, 3])
        await #expect(throws: AssetStoreError.noSuchVersion("a", number: 2)) { try await store.open("a", version: 2) }
        store.close()
        #expect(given.contents.count == 3)
        #expect(try reader.bytes() == [1])
    }

    @Test("Keeping fewer drops at the next opening; keeping more later brings nothing back")
    func otherRetention() async throws {
        for (keep, numbers) in [(5, [5, 4, 3, 2, 1]), (2, [5, 4]), (5, [5, 4])] {
            let store = try given.store(keep: keep)
            if keep == 5, given.contents.isEmpty { for number in 1...5 { try await store.push("a", [UInt8(number)]) } }
            #expect(try await store.versions(of: "a").map(\.number) == numbers)
            try await store.rebuild()
            #expect(try await store.versions(of: "a").map(\.number) == numbers)
            store.close()
            #expect(given.contents.count == numbers.count)
        }
    }

    @Test("Two at once do not use one folder")
    func inUse() throws {
        let store = try given.store()
        #expect(throws: AssetStoreError.inUse(folder: given.folder)) { try given.store() }
        store.close()
    }
}
