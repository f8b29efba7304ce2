import DequeModule

/// Holds back what a new session with a hub brings, until another hub's session has brought all that came before it.
///
/// A session begins in the middle of its hub's stream. Its first messages may be ahead of what the other session has still to
/// bring, and `Inbox` would take that for known. So the reader publishes a marker on the new session's hub. The servers copy it
/// like every message, behind all that this hub had by then; when it comes over the other session, nothing of that is missing
/// (the barriers of stream processing, as in Chandy and Lamport's snapshots). A value without clock or IO.
public struct StreamAlignment<Message: Sendable>: Sendable {
    /// The marker that is waited for.
    private(set) public var marker: String?
    private var held: Deque<Message> = []
    private var heldBytes = 0

    /// More than a busy hub gives in the time that a marker takes.
    private static var mostHeld: Int { 20_000 }
    private static var mostHeldBytes: Int { 16 * 1024 * 1024 }

    public init() {}

    /// The session begins; with `nil`, no other one was there before it.
    public mutating func began(awaiting marker: String?) { (self.marker, held, heldBytes) = (marker, [], 0) }

    /// Whether the message is to wait.
    public mutating func holds(_ message: Message, bytes: Int) -> Bool {
        guard marker != nil else { return false }
        held.append(message)
        heldBytes += bytes
        return true
    }

    public var isFull: Bool { held.count >= Self.mostHeld || heldBytes >= Self.mostHeldBytes }

    /// The marker came, nobody is left to bring it, or it took too long.
    ///
    /// - Returns: what is to be read now, in order.
    public mutating func end() -> [Message] {
        defer { began(awaiting: nil) }
        return Array(held)
    }
}
