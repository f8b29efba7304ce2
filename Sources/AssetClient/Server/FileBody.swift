import AssetProtocol
import ContentFile
import NIOCore
import NIOPosix
import Synchronization

/// A local file's content on its way to the server. It is read and summed up on a thread of its own, one part ahead of what is sent.
///
/// The last part is held back until it is certain that the file is still the one that was begun: the server would else accept
/// a mixture of two states of it.
struct FileBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let path: StoragePath
    let file: OpenDescriptor
    let stamp: FileStamp
    /// In bytes: what the server has already.
    let start: Int
    let result = Result()
    let onSent: @Sendable (Int) -> Void

    /// The checksum of the whole content, once all of it was read.
    final class Result: Sendable {
        private let checksum = Mutex<ContentChecksum?>(nil)

        var value: ContentChecksum? {
            get { checksum.withLock { $0 } }
            set { checksum.withLock { $0 = newValue } }
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(body: self) }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate let body: FileBody
        private let reader: Reader
        private var ahead: Task<ByteBuffer?, any Error>?
        private var sent = 0
        private var count = 0

        fileprivate init(body: FileBody) {
            self.body = body
            reader = Reader(body)
        }

        mutating func next() async throws -> ByteBuffer? {
            if sent > 0 { body.onSent(sent) }
            let part = try await (ahead ?? reader.next()).value
            count += 1
            // A network that is slower holds this up, but not a thread that has not come to send: parts would pile up.
            if count % 4 == 0 {
                for loop in MultiThreadedEventLoopGroup.singleton.makeIterator() { try await loop.submit {}.get() }
            }
            ahead = part == nil ? nil : reader.next()
            sent = part?.readableBytes ?? 0
            return part
        }
    }

    /// One part at a time.
    fileprivate final class Reader: Sendable {
        private struct State {
            var checksum = ContentChecksum()
            /// Up to where it counts.
            var offset = 0
        }

        private let body: FileBody
        private let state = Mutex(State())

        init(_ body: FileBody) { self.body = body }

        func next() -> Task<ByteBuffer?, any Error> { Task { try await onDiskThread { try self.read() } } }

        private func read() throws -> ByteBuffer? {
            try state.withLock { state in
                do {
                    if state.offset < body.start {
                        try body.file.forEachPart(of: body.start) { state.checksum.add($0) }
                        state.offset = body.start
                    }
                    let wanted = Swift.min(OpenDescriptor.partSize, body.stamp.size - state.offset)
                    var buffer = ByteBufferAllocator().buffer(capacity: wanted)
                    if wanted > 0 { try read(wanted, into: &buffer, &state) }
                    if state.offset == body.stamp.size {
                        guard FileStamp(try body.file.status()) == body.stamp else {
                            throw AssetClientError.changedMeanwhile(body.path)
                        }
                        body.result.value = state.checksum
                    }
                    return wanted > 0 ? buffer : nil
                } catch let error as SystemError {
                    throw AssetClientError.unreadable(body.path, cause: "\(error)")
                }
            }
        }

        private func read(_ wanted: Int, into buffer: inout ByteBuffer, _ state: inout State) throws {
            let count = try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) {
                try body.file.read(at: state.offset, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<wanted]))
            }
            guard count == wanted else { throw AssetClientError.changedMeanwhile(body.path) }
            buffer.withUnsafeReadableBytes { state.checksum.add($0) }
            state.offset += count
        }
    }
}
