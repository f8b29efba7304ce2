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

    /// A span in which the site was paired, ready and left alone.
    public struct Calm: Hashable, Sendable {
        public var began: Elapsed
        public var ended: Elapsed

        public init(began: Elapsed, ended: Elapsed) { (self.began, self.ended) = (began, ended) }
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
    public var calms: [Calm] = []
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
