/// A message, as one reader got it.
public struct Sighting: Hashable, Sendable {
    public enum Way: UInt8, Hashable, Sendable {
        /// From its author.
        case live
        /// As news from the other hub.
        case copy
        /// As a part of what a hub holds.
        case state
    }

    // Millions of these are kept.
    private var authorNumber: UInt16
    private var sequenceNumber: UInt32
    private var second: Float
    public var way: Way

    public init(_ mark: Mark, at moment: Elapsed, way: Way = .live) {
        authorNumber = UInt16(mark.author)
        sequenceNumber = UInt32(mark.sequence)
        second = Float(moment)
        self.way = way
    }

    public var mark: Mark { Mark(author: Int(authorNumber), sequence: Int(sequenceNumber)) }
    public var at: Elapsed { Elapsed(second) }
}

/// A program that reads all of the show for the whole run.
public struct Reader: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// A connection of the client library: over every switch no repetition and nothing left out.
        case library
        /// A plain MQTT session with one hub. It ends with that hub, and begins anew.
        case plain(hub: String)
    }

    /// A session of a plain reader; of a library reader the only one is the whole run.
    public struct Session: Hashable, Sendable {
        /// Everything published from here on should come.
        public var began: Elapsed
        public var ended: Elapsed = .infinity
        public var sightings: [Sighting] = []

        public init(began: Elapsed) { self.began = began }
    }

    public var name: String
    public var kind: Kind
    public var sessions: [Session] = []
    /// In these its machine was cut off, so that it may have had no session with any hub. It gets what the hub retains when
    /// it has one again, and not each message.
    public var absences: [History.Span] = []
    /// Why it could not read on.
    public var failure: String?
    /// Messages on the load's topics that no author can have written, or whose bytes are not as they were written.
    public var unreadable: [String] = []

    public init(name: String, kind: Kind) {
        self.name = name
        self.kind = kind
    }
}
