import FailoverCore

/// A span of simulated time, in nanoseconds. Lighter than `Duration`, since every message draws one.
struct Span: Comparable {
    let nanoseconds: Int64

    static let zero = Span(nanoseconds: 0)

    static func microseconds(_ count: Int64) -> Span { Span(nanoseconds: count * 1000) }
    static func milliseconds(_ count: Int64) -> Span { Span(nanoseconds: count * 1_000_000) }
    static func seconds(_ count: Int64) -> Span { Span(nanoseconds: count * 1_000_000_000) }

    init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    init(_ duration: Duration) { nanoseconds = duration.inNanoseconds }

    static func < (left: Span, right: Span) -> Bool { left.nanoseconds < right.nanoseconds }
    static func + (left: Span, right: Span) -> Span { Span(nanoseconds: left.nanoseconds + right.nanoseconds) }
    static func - (left: Span, right: Span) -> Span { Span(nanoseconds: left.nanoseconds - right.nanoseconds) }
    static func * (span: Span, factor: Int64) -> Span { Span(nanoseconds: span.nanoseconds * factor) }

    var inSeconds: Double { Double(nanoseconds) / 1_000_000_000 }
}

/// A moment of true time, which no node knows: nanoseconds since the run began.
struct Instant: Comparable {
    let nanoseconds: Int64

    static let start = Instant(nanoseconds: 0)

    static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }
    static func + (instant: Instant, span: Span) -> Instant {
        Instant(nanoseconds: instant.nanoseconds + span.nanoseconds)
    }
    static func - (later: Instant, earlier: Instant) -> Span {
        Span(nanoseconds: later.nanoseconds - earlier.nanoseconds)
    }

    var inSeconds: Double { Double(nanoseconds) / 1_000_000_000 }
}
