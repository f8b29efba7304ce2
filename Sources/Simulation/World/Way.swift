/// The directed way from one node to another.
struct Way {
    /// What was sent while the way was cut.
    struct Held {
        var parcel: Parcel
        var passage: Passage
        var isReliable: Bool
    }

    /// Of a healthy network.
    let delay: ClosedRange<Span>

    // What faults make of it; several at a time add up.
    var cuts = 0
    var slowness = Span.zero
    var loss = 0.0
    var duplication = 0.0
    var lateness = 0.0
    /// What is sent while the way is cut arrives when it is open again, as TCP would have it.
    var holdsWhileCut = false

    var held: [Held] = []
    /// Reliable parcels do not overtake each other.
    var lastReliable = Instant.start

    /// What is held at most; of more, what was sent last is lost.
    static let mostHeld = 40

    var isOpen: Bool { cuts == 0 }
    /// All that is sent arrives within milliseconds.
    var isSound: Bool { isOpen && slowness == .zero && loss < 1e-9 && lateness < 1e-9 }

    init(delay: ClosedRange<Span>) { self.delay = delay }

    /// How long the next parcel takes.
    func draw(_ random: inout SplitMix64) -> Span {
        let base = random.span(delay)
        guard slowness > .zero else { return base }
        return base + random.span(Span(nanoseconds: slowness.nanoseconds / 2)...slowness)
    }
}
