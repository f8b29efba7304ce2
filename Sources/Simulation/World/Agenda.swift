import HeapModule

/// What is going to happen, earliest first; of one instant, first come first served.
struct Agenda {
    /// Closures for what is rare; a case for what happens hundreds of times a second.
    enum Happening {
        case deadline(Machine)
        case arrival(Parcel, from: Node, to: Node, Passage)
        case call((Site) -> Void)
    }

    struct Entry: Comparable {
        let instant: Instant
        fileprivate let number: UInt64
        let happening: Happening

        static func < (left: Entry, right: Entry) -> Bool {
            (left.instant.nanoseconds, left.number) < (right.instant.nanoseconds, right.number)
        }

        static func == (left: Entry, right: Entry) -> Bool { left.number == right.number }
    }

    private var entries = Heap<Entry>()
    private var count: UInt64 = 0

    mutating func add(_ happening: Happening, at instant: Instant) {
        count += 1
        entries.insert(Entry(instant: instant, number: count, happening: happening))
    }

    /// The next entry, unless it lies beyond `end`.
    mutating func next(until end: Instant) -> Entry? {
        guard let first = entries.min, first.instant <= end else { return nil }
        return entries.removeMin()
    }
}
