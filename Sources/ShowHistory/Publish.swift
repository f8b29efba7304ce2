/// Seconds since a run began.
public typealias Elapsed = Double

/// One message, as its author remembers it.
public struct Publish: Hashable, Sendable {
    public enum Outcome: String, Hashable, Sendable {
        /// Not answered yet.
        case underWay
        /// Its author was told that it is safe.
        case confirmed
        /// Its author was told that it was not sent.
        case notSent
        /// Nobody can tell: it may be there, or not.
        case unknown
    }

    public var topic: String
    public var isRetained: Bool
    /// An empty payload.
    public var isEmpty: Bool
    public var began: Elapsed
    public var ended: Elapsed
    public var outcome: Outcome

    public init(
        topic: String, isRetained: Bool = true, isEmpty: Bool = false, began: Elapsed, ended: Elapsed = .infinity,
        outcome: Outcome = .underWay
    ) {
        self.topic = topic
        self.isRetained = isRetained
        self.isEmpty = isEmpty
        self.began = began
        self.ended = ended
        self.outcome = outcome
    }

    public var isDeletion: Bool { isRetained && isEmpty }
}

/// One author and all of its messages.
public struct Author: Hashable, Sendable {
    /// What `Publish.Outcome.confirmed` means.
    public enum Promise: Hashable, Sendable {
        /// Both hubs have it, whatever becomes of one of them.
        case replicated
        /// One broker took it. A program that knows no identities; what a fault takes from it is lost.
        case taken
    }

    public var name: String
    public var promise: Promise
    /// In the order in which they were published; the first one has sequence 1. Only this author writes on their topics.
    public var publishes: [Publish] = []

    public init(name: String, promise: Promise) {
        self.name = name
        self.promise = promise
    }
}

/// A message of the load, wherever it is met.
public struct Mark: Hashable, Sendable {
    /// Index of the author in the history.
    public var author: Int
    /// From 1.
    public var sequence: Int

    public init(author: Int, sequence: Int) {
        self.author = author
        self.sequence = sequence
    }
}
