import AssetProtocol
import Foundation
import Testing

@testable import AssetStore

@Suite("Paths in the store")
struct StoragePathTests {
    @Test(
        "What names a file inside the store is taken as it is",
        arguments: [
            "a", "a/b/c.txt", "...", ".hidden", "a b/ü/日本.mov", "C:", "~", "%2e%2e", "-",
            String(repeating: "a", count: 255),
        ])
    func valid(_ text: String) throws {
        #expect(try Array(StoragePath(text).description.utf8) == Array(text.utf8))
    }

    @Test("What names nothing, or a place outside, is refused with a sentence")
    func invalid() {
        let cases: [(String, String)] = [
            ("", "empty"), ("/", "first slash"), ("/etc/passwd", "first slash"), ("a//b", "without a name"),
            ("a/", "without a name"), (".", "Write the path without"), ("..", "Write the path without"),
            ("a/../b", "Write the path without"), ("a/./b", "Write the path without"), ("..\\b", "backslash"),
            ("a\u{0}b", "control character"), ("a\nb", "control character"), ("a\u{7F}", "control character"),
            ("a\u{85}b", "control character"), ("a/\u{1B}[2J", "control character"),
            (String(repeating: "a", count: 256), "more than 255 bytes"),
            (String(repeating: "ü", count: 128), "more than 255"),
            (String(repeating: "abc/", count: 256) + "d", "at most 1024 bytes"),
            (String(repeating: "a", count: 1 << 20), "at most 1024 bytes"),
        ]
        for (text, words) in cases {
            let error = #expect(throws: StoragePathError.self, "\(text.debugDescription)") { try StoragePath(text) }
            let sentence = error?.description ?? ""
            #expect(sentence.contains(words), "\(text.debugDescription): \(sentence)")
            #expect(!sentence.unicodeScalars.contains { $0.value < 32 || $0.value == 127 })
        }
    }

    @Test("1024 bytes are a path, one more are none")
    func bounds() throws {
        let longest = String(repeating: "abcdefg/", count: 127) + "abcdefgh"
        #expect(try StoragePath(longest).description.utf8.count == 1024)
        #expect(throws: StoragePathError.tooLong) { try StoragePath(longest + "i") }
    }

    @Test("Names in other encodings are refused: Latin-1, UTF-16, overlong slashes, surrogates")
    func encodings() {
        let cases: [[UInt8]] = [
            [0xFC], [0x61, 0x00, 0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80],
        ]
        for bytes in cases { #expect(throws: StoragePathError.notText) { try StoragePath(decoding: bytes) } }
    }

    @Test("A name that a Mac writes in parts is the same file as one that Linux writes whole")
    func normalization() {
        let (whole, parts) = ("caf\u{E9}" as StoragePath, "cafe\u{301}" as StoragePath)
        #expect(whole == parts)
        #expect(Array(parts.description.utf8) == Array("caf\u{E9}".utf8))
    }

    @Test("Any bytes at all are a valid path or an error, and a valid one stays itself")
    func anyBytes() throws {
        var random = SystemRandomNumberGenerator()
        let bytes = Array("a/.\\\u{0}é\u{301}%".utf8)
        for _ in 0..<5000 {
            let text = (0..<Int.random(in: 0..<12, using: &random)).map { _ in
                Bool.random(using: &random)
                    ? bytes.randomElement(using: &random)! : UInt8.random(in: 0 ... .max, using: &random)
            }
            guard let path = try? StoragePath(decoding: text) else { continue }
            #expect(try StoragePath(path.description).description.utf8.elementsEqual(path.description.utf8))
            let components = path.description.split(separator: "/", omittingEmptySubsequences: false)
            #expect(components.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." })
        }
    }
}
