import DequeModule
import HubProtocol

/// Holds the beginning of a change of many topics until its end is there, so that a server which takes over in between
/// applies all of it or nothing. A value without clock or IO.
///
/// A large change is applied in parts, so that heartbeats go on; nothing can keep the parts that are left from being
/// applied but the end of this process.
struct PartialChange: Sendable {
    /// Its end is still to come.
    private var held: [Write] = []
    private var heldBytes = 0
    /// Whole, and still to be applied.
    private var ready: Deque<Write> = []

    /// The sender gives its stream up before so much waits.
    static let mostBytes = 2 * OutgoingStream.mostWaitingBytes

    private static let partBytes = 256 * 1024

    var hasReady: Bool { !ready.isEmpty }

    /// - Returns: what belongs to no change, and is to be applied now.
    mutating func take(_ write: Write) -> Write? {
        let author = write.message.identity?.publisher
        guard write.isContinued || (author != nil && held.first?.message.identity?.publisher == author) else {
            return write
        }
        var part = write
        part.isContinued = false
        held.append(part)
        heldBytes += write.message.payload.count
        if !write.isContinued || heldBytes > Self.mostBytes {
            ready += held
            (held, heldBytes) = ([], 0)
        }
        return nil
    }

    /// - Returns: what is to be applied next, in order; no more messages than that, and not many bytes.
    mutating func nextPart(of count: Int) -> [Write] {
        var (part, bytes): ([Write], Int) = ([], 0)
        while part.count < count, bytes < Self.partBytes, let write = ready.popFirst() {
            part.append(write)
            bytes += write.message.payload.count
        }
        return part
    }

    /// All that is ready, in order.
    mutating func rest() -> [Write] {
        defer { ready = [] }
        return Array(ready)
    }

    /// Whoever began it will not end it.
    mutating func abandon() { (held, heldBytes) = ([], 0) }
}
