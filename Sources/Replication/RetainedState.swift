/// Whether the readers of a session with a hub know what is retained there. A value without clock or IO.
public struct RetainedState: Sendable {
    /// All that is retained there has reached the readers, through this session or through the one before it.
    public private(set) var isKnown = false
    private var unanswered = 0
    /// The hub retains something that no reader was given, since another hub was followed.
    private var hasMissed = false

    public init() {}

    public mutating func opened() { (unanswered, hasMissed) = (0, false) }
    public mutating func asked() { unanswered += 1 }
    public mutating func answered() { unanswered -= 1 }

    /// This hub is followed now. Its readers have what is retained on it already if they read on without a gap.
    ///
    /// - Returns: whether it must be asked for.
    public mutating func followed(after others: [RetainedState]) -> Bool {
        guard !isKnown else { return false }
        isKnown = true
        defer { hasMissed = false }
        return unanswered > 0 || hasMissed || !others.contains { $0.isKnown }
    }

    /// Another session was lost, and this one was there to read on.
    public mutating func inherit(from lost: RetainedState) {
        if unanswered == 0, !hasMissed, lost.isKnown { isKnown = true }
    }

    public mutating func missed() { (isKnown, hasMissed) = (false, true) }

    public mutating func lost() { isKnown = false }
}
