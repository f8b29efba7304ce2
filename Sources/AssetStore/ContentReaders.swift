import AssetProtocol
import Synchronization

/// How many read a content at this moment.
final class ContentReaders: Sendable {
    private let counts = Mutex<[ContentDigest: Int]>([:])

    func count(of content: ContentDigest) -> Int { counts.withLock { $0[content] ?? 0 } }

    func began(_ content: ContentDigest) { counts.withLock { $0[content, default: 0] += 1 } }

    func ended(_ content: ContentDigest) {
        counts.withLock { counts in
            counts[content]! -= 1
            if counts[content] == 0 { counts[content] = nil }
        }
    }
}
