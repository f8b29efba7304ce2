import Foundation
import Testing

@testable import LocalState

@Suite("A small file that is whole at every moment")
struct DurableFileTests {
    private struct Note: Codable, Equatable {
        var text: String
    }

    private static func with(_ body: (_ path: String) throws -> Void) throws {
        let folder = NSTemporaryDirectory() + "durable-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder + "/note.json")
    }

    private static func read(_ path: String) throws -> String? { try DurableFile<Note>(path: path).read()?.text }

    private static func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

    private static func place(_ bytes: Data, at path: String) throws { try bytes.write(to: URL(filePath: path)) }

    @Test("What was written last is read, by this run and by the next")
    func latest() throws {
        try Self.with { path in
            #expect(try Self.read(path) == nil)
            let file = DurableFile<Note>(path: path)
            for number in 1...5 {
                try file.write(Note(text: "\(number)"))
                #expect(try Self.read(path) == "\(number)")
            }
            let next = DurableFile<Note>(path: path)
            #expect(try next.read()?.text == "5")
            try next.write(Note(text: "6"))
            #expect(try Self.read(path) == "6")
        }
    }

    @Test("A write that was cut off at any byte leaves what was there before")
    func cutOff() throws {
        try Self.with { path in
            let file = DurableFile<Note>(path: path)
            for text in ["first", "second"] { try file.write(Note(text: text)) }
            let before = try Self.bytes(path)
            try file.write(Note(text: "third"))
            let after = try Self.bytes(path)
            let differing = zip(before, after).enumerated().filter { $0.element.0 != $0.element.1 }.map(\.offset)
            // As a disk writes it, up to some byte; and what it has not reached yet stays.
            for end in try #require(differing.first)...(try #require(differing.last) + 1) {
                let torn = after[..<end] + before[end...]
                try Self.place(Data(torn), at: path)
                let found = try Self.read(path)
                #expect(found == (Data(torn) == after ? "third" : "second"), "cut at \(end)")
                // The next write goes over what is torn, and not over what is whole.
                let next = DurableFile<Note>(path: path)
                _ = try next.read()
                try next.write(Note(text: "next"))
                let written = try Self.bytes(path)
                #expect(try Self.read(path) == "next")
                #expect(String(decoding: written, as: UTF8.self).contains(try #require(found)), "cut at \(end)")
            }
        }
    }

    @Test("A file keeps its place on the disk, and grows when it must")
    func inPlace() throws {
        try Self.with { path in
            func node() throws -> Int {
                try #require(FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int)
            }
            let file = DurableFile<Note>(path: path)
            try file.write(Note(text: "first"))
            let first = try node()
            try file.write(Note(text: "second"))
            #expect(try node() == first)
            let long = String(repeating: "long ", count: 10_000)
            try file.write(Note(text: long))
            #expect(try Self.read(path) == long)
            try file.write(Note(text: "short"))
            #expect(try Self.read(path) == "short")
        }
    }

    @Test("A file that was set aside is begun anew")
    func setAside() throws {
        try Self.with { path in
            let file = DurableFile<Note>(path: path)
            try file.write(Note(text: "first"))
            try FileManager.default.moveItem(atPath: path, toPath: path + ".aside")
            try file.write(Note(text: "second"))
            #expect(try Self.read(path) == "second")
            #expect(try Self.read(path + ".aside") == "first")
        }
    }

    @Test("Plain JSON, as earlier versions wrote it, is read and replaced")
    func plain() throws {
        try Self.with { path in
            try Self.place(Data("{\n  \"text\" : \"plain\"\n}".utf8), at: path)
            let file = DurableFile<Note>(path: path)
            #expect(try file.read()?.text == "plain")
            try file.write(Note(text: "next"))
            #expect(try Self.read(path) == "next")
        }
    }

    @Test("What holds nothing whole is damaged, and stays as it is", arguments: ["", "garbage", #"{"number":1}"#])
    func damaged(_ content: String) throws {
        try Self.with { path in
            try Self.place(Data(content.utf8), at: path)
            #expect(throws: LocalStateError.damaged(path: path)) { try Self.read(path) }
            #expect(try Self.bytes(path) == Data(content.utf8))
        }
    }

    @Test("Whoever must not go back is told that one copy is torn")
    func torn() throws {
        try Self.with { path in
            let file = DurableFile<Note>(path: path)
            try file.write(Note(text: "first"))
            #expect(try DurableFile<Note>(path: path).read(refusingTorn: true)?.text == "first")
            try file.write(Note(text: "second"))
            #expect(try DurableFile<Note>(path: path).read(refusingTorn: true)?.text == "second")
            let text = String(decoding: try Self.bytes(path), as: UTF8.self)
            try Self.place(Data(text.replacing("second", with: "s3cond").utf8), at: path)
            #expect(try Self.read(path) == "first")
            #expect(throws: LocalStateError.damaged(path: path)) {
                try DurableFile<Note>(path: path).read(refusingTorn: true)
            }
        }
    }

    @Test("A file that was cut or lengthened is damaged", arguments: [-4096, -1, 1, 4096])
    func resized(_ change: Int) throws {
        try Self.with { path in
            let file = DurableFile<Note>(path: path)
            for text in ["first", "second"] { try file.write(Note(text: text)) }
            let whole = try Self.bytes(path)
            try Self.place(
                change < 0 ? whole.dropLast(-change) : whole + Data(repeating: UInt8(ascii: " "), count: change),
                at: path)
            #expect(throws: LocalStateError.damaged(path: path)) { try Self.read(path) }
        }
    }

    @Test("Both copies damaged")
    func bothDamaged() throws {
        try Self.with { path in
            let file = DurableFile<Note>(path: path)
            for text in ["first", "second"] { try file.write(Note(text: text)) }
            let text = String(decoding: try Self.bytes(path), as: UTF8.self)
            try Self.place(
                Data(text.replacing("first", with: "f1rst").replacing("second", with: "s3cond").utf8), at: path)
            #expect(throws: LocalStateError.damaged(path: path)) { try Self.read(path) }
        }
    }

    @Test("It reads as JSON texts, one after the other")
    func isJSON() throws {
        try Self.with { path in
            let file = DurableFile<Note>(path: path)
            for text in ["first", "second"] { try file.write(Note(text: text)) }
            let half = try Self.bytes(path).count / 2
            for copy in [try Self.bytes(path).prefix(half), try Self.bytes(path).suffix(half)] {
                let lines = String(decoding: copy, as: UTF8.self).split(separator: "\n")
                #expect(lines.count == 2)
                for line in lines { _ = try JSONSerialization.jsonObject(with: Data(line.utf8)) }
            }
        }
    }
}
