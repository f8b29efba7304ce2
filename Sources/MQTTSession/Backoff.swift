/// The pauses between attempts to reconnect, doubling up to a bound.
public struct Backoff: Hashable, Sendable {
    private let first: Duration
    private let longest: Duration
    private let startsAtOnce: Bool
    private var next: Duration
    private var wasRefusedBefore = false

    /// - Parameter startsAtOnce: no pause before the first attempt; `first` comes before the second.
    public init(first: Duration = .milliseconds(5), longest: Duration = .seconds(1), startsAtOnce: Bool = true) {
        self.first = first
        self.longest = longest
        self.startsAtOnce = startsAtOnce
        next = startsAtOnce ? .zero : first
    }

    /// - Parameters:
    ///   - jitter: 0 to 1. The pause is shortened by up to half with it, so that machines that lost the same
    ///     hub at the same moment do not all come back at the same moment.
    ///   - wasRefused: nobody listens there. When that was so twice, the pause is at least 50 ms: a broker takes longer to
    ///     start, and what machines do meanwhile is a switch.
    public mutating func pause(jitter: Double, wasRefused: Bool = false) -> Duration {
        if wasRefused, wasRefusedBefore { next = min(max(next, .milliseconds(50)), longest) }
        wasRefusedBefore = wasRefused
        defer { next = next == .zero ? first : min(next + next, longest) }
        // `Duration` times `Double` is slow, and fifty machines lose a hub at once.
        let (seconds, attoseconds) = next.components
        let nanoseconds = Double(seconds) * 1e9 + Double(attoseconds) / 1e9
        return .nanoseconds(Int64(nanoseconds * (1 - min(max(jitter, 0), 1) / 2)))
    }

    /// For the many sessions with a hub. When it is lost they have something better to do first: to follow another one.
    public static let ofHub = Backoff(first: .milliseconds(100), startsAtOnce: false)

    /// For the few sessions of an election. A process that was killed often resets the first attempt to connect anew, and
    /// refuses the next one, which is what the others wait for.
    public static let ofElection = Backoff(first: .milliseconds(1))

    public mutating func reset() {
        next = startsAtOnce ? .zero : first
        wasRefusedBefore = false
    }
}
