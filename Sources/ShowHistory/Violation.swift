/// A promise that was not kept.
public struct Violation: Hashable, Sendable {
    public enum Kind: String, CaseIterable, Sendable {
        /// I3: a confirmed message is not in the final state, or an older one is there again.
        case lost
        /// I3: confirmed while the pair was calm, and never seen on one of the hubs.
        case notCopied = "not copied"
        /// I4: a confirmed message that a reader never got.
        case unseen
        /// I4: what a reader saw last on a topic is not what the hubs hold.
        case stale
        /// I4: a message that a reader got twice.
        case repeated
        /// I5: a message that a reader got after a later one of the same author.
        case reordered
        /// I6: the hubs hold different things.
        case unequal
        /// Nobody wrote it, or its author was told that it was not sent.
        case invented
        /// A reader of the library was thrown out, or the site did not come home.
        case broken
    }

    public var kind: Kind
    public var text: String
    /// When it can be told.
    public var at: Elapsed?

    public init(_ kind: Kind, _ text: String, at: Elapsed? = nil) {
        (self.kind, self.text, self.at) = (kind, text, at)
    }
}
