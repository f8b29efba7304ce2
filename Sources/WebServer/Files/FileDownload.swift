import AssetProtocol
import AssetStore
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import NIOPosix

/// The answer to GET and HEAD of a file: whole, a part of it, or that the client has it already.
struct FileDownload {
    let file: OpenFile
    let request: Request
    let channel: any Channel

    func response() throws -> Response {
        let tag = file.version.tag
        if let wanted = EntityTags(.ifMatch, in: request.headers), !wanted.names(tag) {
            var problem = Problem(
                .preconditionFailed,
                "\(file.version.path) is at version \(file.version.number) by \(file.version.author) now, and another one was asked for."
            )
            problem.found = FileEntry(file.version)
            throw problem
        }
        var headers: HTTPFields = [
            .eTag: "\"\(tag)\"", .acceptRanges: "bytes", .lastModified: file.version.time.httpDate,
            .reprDigest: DigestField.text(file.version.content!.digest),
            .understudyAuthor: file.version.author.description,
        ]
        if let known = EntityTags(.ifNoneMatch, in: request.headers), known.names(tag) {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = "application/octet-stream"
        // A page among the files must not speak in this server's name.
        headers[.contentDisposition] = "attachment"
        headers[.contentSecurityPolicy] = "default-src 'none'; sandbox"
        // Of another version a part would not fit to what the client has.
        let isSame = request.headers[.ifRange].map { $0.unquoted == tag.description } ?? true
        switch ByteRange(isSame && request.method == .get ? request.headers[.range] : nil, size: file.size) {
        case .whole: return Response(status: .ok, headers: headers, body: body(0..<file.size))
        case .part(let range):
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.size)"
            return Response(status: .partialContent, headers: headers, body: body(range))
        case .notSatisfiable:
            var response = try Problem(
                .rangeNotSatisfiable,
                "\(file.version.path) has \(file.size) bytes, and none of those that were asked for."
            ).response
            response.headers[.contentRange] = "bytes */\(file.size)"
            return response
        }
    }

    /// One part is read from the disk while the one before goes out.
    private func body(_ range: Range<Int>) -> ResponseBody {
        ResponseBody(contentLength: range.count) { [file, loop = channel.eventLoop] writer in
            let parts = stride(from: range.lowerBound, to: range.upperBound, by: Bounds.downloadPart).map {
                $0..<min($0 + Bounds.downloadPart, range.upperBound)
            }
            var ahead = parts.prefix(Bounds.downloadAhead).map { Self.read($0, of: file) }
            for index in parts.indices {
                let part = try await ahead.removeFirst().value
                let next = index + Bounds.downloadAhead
                if next < parts.count { ahead.append(Self.read(parts[next], of: file)) }
                try await writer.write(part)
                // It waits where the client is slower, but not where this server itself has not come to send.
                try await loop.submit {}.get()
            }
            try await writer.finish(nil)
        }
    }

    private static func read(_ range: Range<Int>, of file: OpenFile) -> Task<ByteBuffer, any Error> {
        Task {
            try await NIOThreadPool.singleton.runIfActive {
                var buffer = ByteBuffer(alignedFor: range.count)
                while buffer.readableBytes < range.count {
                    let (read, missing) = (buffer.readableBytes, range.count - buffer.readableBytes)
                    let wanted = missing.roundedUp
                    let count = try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { bytes in
                        let memory = UnsafeMutableRawBufferPointer(rebasing: bytes.prefix(wanted))
                        return min(try file.read(at: range.lowerBound + read, into: memory), missing)
                    }
                    // It is shorter than it was when it was accepted. The client misses bytes, and knows it.
                    guard count > 0 else { throw AssetStoreError.contentMissing(file.version) }
                }
                return buffer
            }
        }
    }
}

extension Int {
    fileprivate var roundedUp: Int { (self + OpenFile.alignment - 1) / OpenFile.alignment * OpenFile.alignment }
}

extension ByteBuffer {
    /// Empty, and what is written into it begins where a disk can write by itself.
    fileprivate init(alignedFor count: Int) {
        self = ByteBufferAllocator().buffer(capacity: count.roundedUp + OpenFile.alignment)
        let start = withUnsafeMutableWritableBytes { Int(bitPattern: $0.baseAddress) }
        moveWriterIndex(forwardBy: start.roundedUp - start)
        moveReaderIndex(to: writerIndex)
    }
}
