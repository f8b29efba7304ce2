import Foundation

/// The one source of chance of a run: a seed decides everything.
struct SplitMix64 {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// From 0 up to, but without, 1.
    mutating func fraction() -> Double { Double(next() >> 11) / Double(1 << 53) }

    mutating func chance(_ probability: Double) -> Bool { probability > 0 && fraction() < probability }

    mutating func number(in range: ClosedRange<Int64>) -> Int64 {
        range.lowerBound + Int64(next() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    mutating func index(below count: Int) -> Int { Int(next() % UInt64(count)) }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[index(below: elements.count)] }

    /// Every span is as likely as every other.
    mutating func span(_ range: ClosedRange<Span>) -> Span {
        Span(nanoseconds: number(in: range.lowerBound.nanoseconds...range.upperBound.nanoseconds))
    }

    /// Every order of magnitude is as likely as every other.
    mutating func spanOfAnySize(_ range: ClosedRange<Span>) -> Span {
        let (low, high) = (Double(range.lowerBound.nanoseconds), Double(range.upperBound.nanoseconds))
        return Span(nanoseconds: Int64(low * pow(high / low, fraction())))
    }
}
