/// What a run was like, in numbers.
public struct Figures: Sendable {
    /// What one kind of incident cost.
    public struct Stall: Hashable, Sendable {
        /// How often it happened.
        public var count = 0
        /// The longest that a publish took to be confirmed which ended after it and before the next incident, in seconds.
        public var longest = 0.0
    }

    public var publishes = 0
    public var confirmed = 0
    public var notSent = 0
    public var unknown = 0
    /// From publish to confirmation, in seconds.
    public var median = 0.0
    public var percentile99 = 0.0
    public var longest = 0.0
    public var stalls: [String: Stall] = [:]
    /// Confirmed, and no reader of the library got it. Nothing else is promised to authors without identities.
    public var confirmedAndUnseen = 0

    /// - Parameter promise: of the authors that are counted.
    public init(_ history: History, of promise: Author.Promise) {
        var spans: [Double] = []
        for incident in history.incidents { stalls[incident.kind, default: Stall()].count += 1 }
        let seen = Set(
            history.readers.filter { $0.kind == .library }.flatMap(\.sessions).flatMap(\.sightings).lazy.map(\.mark)
                .filter { history.authors[$0.author].promise == promise })
        for (number, author) in history.authors.enumerated() where author.promise == promise {
            for (index, publish) in author.publishes.enumerated() {
                publishes += 1
                switch publish.outcome {
                case .underWay, .unknown: unknown += 1
                case .notSent: notSent += 1
                case .confirmed:
                    confirmed += 1
                    spans.append(publish.ended - publish.began)
                    if !seen.contains(Mark(author: number, sequence: index + 1)) { confirmedAndUnseen += 1 }
                    note(publish, history)
                }
            }
        }
        guard !spans.isEmpty else { return }
        spans.sort()
        (median, percentile99, longest) = (spans[spans.count / 2], spans[spans.count * 99 / 100], spans.last!)
    }

    private mutating func note(_ publish: Publish, _ history: History) {
        guard let last = history.incidents.last(where: { $0.at < publish.ended }) else { return }
        stalls[last.kind]!.longest = max(stalls[last.kind]!.longest, publish.ended - publish.began)
    }
}
