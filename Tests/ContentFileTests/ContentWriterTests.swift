import AssetProtocol
import Crypto
import Foundation
import Glibc
import SystemPackage
import Testing

@testable import ContentFile

@Suite("Content writer")
struct ContentWriterTests {
    private static let block = Block.size

    @Test(
        "A content of any length is in the file as it came, with its digest",
        arguments: [0, 1, 4095, 4096, block - 1, block, block + 1, 3 * block, 9 * block + 5000],
        [1 << 16, 1 << 20, 1021])
    func lengths(_ length: Int, inPartsOf part: Int) async throws {
        try await Self.withFile { path in
            let content = Self.bytes(length)
            let file = try FileDescriptor.open(path, .writeOnly, options: .create, permissions: .ownerReadWrite)
            let writer = ContentWriter { file }
            for start in stride(from: 0, to: length, by: part) {
                try await writer.append(content[start..<min(start + part, length)])
            }
            let written = try await writer.finish()
            try file.close()
            #expect(
                written == FileVersion.Content(digest: ContentDigest(bytes: SHA256.hash(data: content)), size: length))
            #expect(try [UInt8](Data(contentsOf: URL(filePath: path))) == content)
        }
    }

    @Test(
        "What was cut off goes on behind its last whole page", arguments: [0, 100, block, 2 * block + 77, 3 * block])
    func resume(after kept: Int) async throws {
        try await Self.withFile { path in
            let content = Self.bytes(3 * Self.block)
            try Data(content.prefix(kept)).write(to: URL(filePath: path))
            let file = try FileDescriptor.open(path, .readWrite)
            let writer = ContentWriter { file }
            let start = try await writer.resume(below: content.count)
            // All of it there is no beginning of it: it may be another one.
            #expect(start == (kept == content.count ? 0 : kept / 4096 * 4096))
            try await writer.append(content[start...])
            #expect(try await writer.finish().digest == ContentDigest(bytes: SHA256.hash(data: content)))
            try file.close()
            #expect(try [UInt8](Data(contentsOf: URL(filePath: path))) == content)
        }
    }

    /// https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4
    @Test("The CRC-32C is the one of the standard, also where it comes in parts")
    func checksum() {
        func sum(_ parts: [UInt8]...) -> UInt32 {
            var checksum = ContentChecksum()
            for part in parts { part.withUnsafeBytes { checksum.add($0) } }
            return checksum.value
        }
        #expect(sum([]) == 0)
        #expect(sum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(sum([UInt8](repeating: 0xFF, count: 10), [UInt8](repeating: 0xFF, count: 22)) == 0x62A8_AB43)
    }

    @Test("A refusal ends it: it is told, and nothing more is written")
    func refused() async throws {
        struct Refusal: Error {}
        try await Self.withFile { path in
            let file = try FileDescriptor.open(path, .writeOnly, options: .create, permissions: .ownerReadWrite)
            let size = { @Sendable in try file.seek(offset: 0, from: .end) }
            let writer = ContentWriter {
                file
            } check: { _ in
                if try size() >= 16 << 20 { throw Refusal() }
            }
            await #expect(throws: Refusal.self) {
                for _ in 0..<200 { try await writer.append(Self.bytes(Self.block)) }
            }
            await writer.stop()
            #expect(try size() == 16 << 20)
            await #expect(throws: Refusal.self) { try await writer.finish() }
            try file.close()
        }
    }

    @Test("What cannot be written fails with the system's reason")
    func unwritable() async throws {
        let pipe = try FileDescriptor.pipe()
        let writer = ContentWriter { pipe.writeEnd }
        await #expect(throws: Errno.illegalSeek) {
            try await writer.append(Self.bytes(Self.block))
            _ = try await writer.finish()
        }
        try pipe.readEnd.close()
        try pipe.writeEnd.close()
    }

    private static func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }
    }

    private static func withFile(_ body: (String) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.path + "/content-\(UUID().uuidString)"
        defer { unlink(path) }
        try await body(path)
    }
}
