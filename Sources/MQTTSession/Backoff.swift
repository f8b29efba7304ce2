/// The pauses between attempts to reconnect: none before the first, then doubling up to a bound.
public struct Backoff: Hashable, Sendable {
    private let first: Duration
    private let longest: Duration
    private var next: Duration = .zero

    public init(first: Duration = .milliseconds(5), longest: Duration = .seconds(1)) {
        self.first = first
        self.longest = longest
    }

    /// - Parameter jitter: 0 to 1. The pause is shortened by up to half with it, so that machines that lost the same
    ///   hub at the same moment do not all come back at the same moment.
    public mutating func pause(jitter: Double) -> Duration {
        defer { next = next == .zero ? first : min(next * 2, longest) }
        return next * (1 - min(max(jitter, 0), 1) / 2)
    }

    /// For the few sessions of an election. A process that was killed often resets the first attempt to connect anew, and
    /// refuses the next one, which is what the others wait for.
    public static let ofElection = Backoff(first: .milliseconds(1))

    public mutating func reset() { next = .zero }
}
