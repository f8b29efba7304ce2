import AssetProtocol
import Foundation
import Testing

@testable import AssetClient

/// A folder of its own for each test, which is removed with it.
final class WorkingFolderTests {
    private let folder = FileManager.default.temporaryDirectory.path(percentEncoded: false) + "files-\(UUID())"

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func write(_ text: String, at path: String) throws {
        let url = URL(filePath: "\(folder)/\(path)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    private func text(of file: String) -> String? { try? String(contentsOfFile: file, encoding: .utf8) }

    /// Why it cannot be used; `nil`: it can.
    private func fault(of folder: String) -> AssetClientError? {
        do throws(AssetClientError) { _ = try WorkingFolder(path: folder) } catch { return error }
        return nil
    }

    private func place(_ text: String, at path: String, in working: WorkingFolder) throws {
        try write(text, at: ".understudy/partial/x")
        _ = try working.tree.place("x", from: working.partial, at: StoragePath(path))
    }

    @Test func theSecondProgramIsRefused() throws {
        let first = try WorkingFolder(path: folder)
        #expect(fault(of: folder) == .inUse(folder: folder))
        withExtendedLifetime(first) {}
    }

    @Test func whatIsKnownIsReadAgain() throws {
        let known = KnownFile(version: Given.version(1, "a"), stamp: Given.stamp)
        let other = try StoragePath("other")
        try WorkingFolder(path: folder).state.apply([
            Given.path: known, other: Given.known(Given.version(1, "b", path: other)),
        ])
        try WorkingFolder(path: folder).state.apply([other: nil])
        let read = try WorkingFolder(path: folder).state.knownFiles()
        #expect(read == [Given.path: known])
    }

    @Test func damagedStateIsReportedAndNotOverwritten() throws {
        let nonsense = String(repeating: "no database", count: 1000)
        try write(nonsense, at: ".understudy/state.sqlite")
        if case .stateDamaged = fault(of: folder) {} else { Issue.record("damage was not noticed") }
        let left = try String(contentsOfFile: "\(folder)/.understudy/state.sqlite", encoding: .utf8)
        #expect(left == nonsense)
    }

    @Test func aScanFindsFilesAndLeavesTheRestOut() throws {
        try write("1", at: "a")
        try write("2", at: "b/c")
        try write("3", at: "b/.understudy/state")
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/link", withDestinationPath: "a")
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/loop", withDestinationPath: ".")
        mkfifo("\(folder)/pipe", 0o600)
        try write("4", at: "back\\slash")
        let working = try WorkingFolder(path: folder)
        let scan = try FolderScan(working.tree, .all)
        #expect(Set(scan.files.keys.map(\.description)) == ["a", "b/c"])
        #expect(scan.leftOut == 3)
        #expect(scan.faults.map(\.name) == ["back\\slash"])
        let part = try FolderScan(working.tree, working.selection(["\(folder)/b"]))
        #expect(part.files.keys.map(\.description) == ["b/c"])
        #expect(part.leftOut == 0 && part.faults.isEmpty)
    }

    @Test func pathsAreMeantAsTheyWereTyped() throws {
        let working = try WorkingFolder(path: folder)
        try write("", at: "a/b/c")
        #expect(try working.selection(["\(folder)/a/./b/../b/"]).paths == [StoragePath("a/b")])
        #expect(try working.selection(["\(folder)/new/file"]).paths == [StoragePath("new/file")])
        #expect(try working.selection([folder]) == .all)
        do throws(AssetClientError) {
            let outside = try working.selection(["\(folder)/../elsewhere"])
            Issue.record("\(outside) lies outside")
        } catch {
            #expect(error == .outside(path: "\(folder)/../elsewhere", folder: working.path))
        }
    }

    @Test func nothingIsWrittenThroughASymbolicLink() throws {
        let outside = folder + "-outside"
        try FileManager.default.createDirectory(atPath: outside, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: outside) }
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/out", withDestinationPath: outside)
        let working = try WorkingFolder(path: folder)
        let path = try StoragePath("out/file")
        #expect(throws: AssetClientError.inTheWay(path, other: "out")) {
            try self.place("bad", at: "out/file", in: working)
        }
        try Data("mine".utf8).write(to: URL(filePath: "\(outside)/file"))
        try working.tree.remove(path)
        #expect(text(of: "\(outside)/file") == "mine")
        // A link in the file's own place is replaced, and what it leads to stays.
        try Data("safe".utf8).write(to: URL(filePath: "\(outside)/target"))
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/file", withDestinationPath: "\(outside)/target")
        try place("new", at: "file", in: working)
        #expect(self.text(of: "\(outside)/target") == "safe")
    }

    @Test func removingAFileRemovesTheFoldersThatAreEmptyThen() throws {
        let working = try WorkingFolder(path: folder)
        try place("1", at: "a/b/c", in: working)
        try place("2", at: "a/d", in: working)
        try working.tree.remove(StoragePath("a/b/c"))
        let left = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/a")
        #expect(left == ["d"])
        try working.tree.remove(StoragePath("a/d"))
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/a"))
    }

    @Test func theCacheGivesWhatItWasGivenAndNothingElse() throws {
        let cache = ContentCache(path: folder + "/cache", limit: 1000)
        try write("content", at: "source")
        let source = try OpenDescriptor("\(folder)/source", O_RDONLY)
        let content = FileVersion.Content(digest: try source.digest(of: 7), size: 7)
        let target = { [folder] in try OpenDescriptor("\(folder)/target", O_RDWR | O_CREAT | O_TRUNC) }
        let early = cache.take(content, into: try target())
        #expect(!early)
        cache.put(content, from: source, at: "\(folder)/source")
        let found = cache.take(content, into: try target())
        #expect(found)
        #expect(self.text(of: "\(folder)/target") == "content")
        let entry = "cache/\(content.digest.description.prefix(2))/\(content.digest)"
        try write("c0ntent", at: entry)
        let damaged = cache.take(content, into: try target())
        #expect(!damaged)
        #expect(self.text(of: "\(folder)/target") == "")
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/\(entry)"))
    }

    /// Where the file system cannot share blocks, the entry is the fetched file itself, and good as long as that stays the same.
    @Test func aLargeContentIsNotTakenFromAFileThatWasChanged() throws {
        let cache = ContentCache(path: folder + "/cache")
        let size = 17 << 20
        try Data(repeating: 1, count: size).write(to: URL(filePath: "\(folder)/source"))
        let source = try OpenDescriptor("\(folder)/source", O_RDWR)
        let content = FileVersion.Content(digest: try source.digest(of: size), size: size)
        cache.put(content, from: source, at: "\(folder)/source")
        let target = { [folder] in try OpenDescriptor("\(folder)/target", O_RDWR | O_CREAT | O_TRUNC) }
        let found = cache.take(content, into: try target())
        #expect(found && FileManager.default.contentsEqual(atPath: "\(folder)/target", andPath: "\(folder)/source"))
        let entry = "\(folder)/cache/\(content.digest.description.prefix(2))/\(content.digest)"
        let isShared = (try? FileManager.default.destinationOfSymbolicLink(atPath: entry)) == nil
        try [2].withUnsafeBytes { try source.write($0) }
        let later = cache.take(content, into: try target())
        #expect(later == isShared)
        #expect(text(of: "\(folder)/target")?.isEmpty == !isShared)
        #expect(FileManager.default.fileExists(atPath: "\(folder)/source"))
    }

    @Test func theCacheForgetsWhatWasNotUsedForTheLongestTime() throws {
        let cache = ContentCache(path: folder + "/cache", limit: 15)
        for (index, text) in ["eldest!", "middle!", "newest!"].enumerated() {
            try write(text, at: "source")
            let source = try OpenDescriptor("\(folder)/source", O_RDONLY)
            let content = FileVersion.Content(digest: try source.digest(of: 7), size: 7)
            cache.put(content, from: source, at: "\(folder)/source")
            let entry = "\(folder)/cache/\(content.digest.description.prefix(2))/\(content.digest)"
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: Double(index))], ofItemAtPath: entry)
        }
        cache.trim()
        let left = (FileManager.default.subpaths(atPath: folder + "/cache") ?? []).filter { $0.utf8.count > 2 }
        let texts = try left.map { try String(contentsOfFile: "\(folder)/cache/\($0)", encoding: .utf8) }
        #expect(Set(texts) == ["middle!", "newest!"])
    }
}
