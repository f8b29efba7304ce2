/// Everything that is known of a run when it is over. It is judged by what is in it alone.
public struct History: Sendable {
    /// What was done to the site.
    public struct Incident: Hashable, Sendable {
        public var at: Elapsed
        /// For the figures.
        public var kind: String
        public var text: String

        public init(at: Elapsed, kind: String, text: String) {
            (self.at, self.kind, self.text) = (at, kind, text)
        }
    }

    public struct Span: Hashable, Sendable {
        public var began: Elapsed
        public var ended: Elapsed

        public init(began: Elapsed, ended: Elapsed) { (self.began, self.ended) = (began, ended) }

        func overlaps(_ publish: Publish) -> Bool { publish.began < ended && publish.ended > began }
    }

    /// What a hub held at the end.
    public struct Content: Sendable {
        public var hub: String
        public var retained: [String: [UInt8]]

        public init(hub: String, retained: [String: [UInt8]]) { (self.hub, self.retained) = (hub, retained) }
    }

    public var authors: [Author] = []
    public var readers: [Reader] = []
    public var incidents: [Incident] = []
    /// In these the site was paired, ready and left alone.
    public var calms: [Span] = []
    /// In these a second server was lost before the site was whole again, so that a reader may have had no session with
    /// the hub that acted. It gets what that hub retains when it has one, and not each message.
    public var doubleLosses: [Span] = []
    /// Of both hubs.
    public var contents: [Content] = []

    public init() {}

    public func publish(_ mark: Mark) -> Publish? {
        guard authors.indices.contains(mark.author),
            authors[mark.author].publishes.indices.contains(mark.sequence - 1)
        else { return nil }
        return authors[mark.author].publishes[mark.sequence - 1]
    }
}
