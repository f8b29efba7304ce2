import AssetProtocol
import ContentFile
import Foundation
import NIOCore
import Testing

@testable import AssetClient

/// What is sent of a local file.
final class FileBodyTests {
    private let path = FileManager.default.temporaryDirectory.path(percentEncoded: false) + "body-\(UUID())"
    private let content = Data((0..<3 * OpenDescriptor.partSize + 5).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) })

    init() throws { try content.write(to: URL(filePath: path)) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    private func body(from start: Int = 0) throws -> FileBody {
        let file = try OpenDescriptor(path, O_RDONLY)
        return FileBody(path: Given.path, file: file, stamp: FileStamp(try file.status()), start: start) { _ in }
    }

    @Test(arguments: [0, 1, OpenDescriptor.partSize, 3 * OpenDescriptor.partSize + 5])
    func sendsTheRestAndSumsUpAll(start: Int) async throws {
        let body = try body(from: start)
        var sent = Data()
        for try await part in body { sent.append(contentsOf: part.readableBytesView) }
        #expect(sent == content[start...])
        var checksum = ContentChecksum()
        content.withUnsafeBytes { checksum.add($0) }
        #expect(body.result.value == checksum)
    }

    /// The server must never get the last byte of a mixture.
    @Test func aFileThatChangesMeanwhileIsNotSentToItsEnd() async throws {
        let body = try body()
        var iterator = body.makeAsyncIterator()
        var sent = try await iterator.next()?.readableBytes ?? 0
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        try file.write(contentsOf: Data("changed".utf8))
        try file.close()
        await #expect(throws: AssetClientError.changedMeanwhile(Given.path)) {
            while let part = try await iterator.next() { sent += part.readableBytes }
        }
        #expect(sent < content.count && body.result.value == nil)
    }
}
