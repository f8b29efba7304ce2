/// Which clients vote: one where there are one or two, three where there are more, so that the number is odd.
struct WitnessChoice: Hashable, Sendable {
    private let timing: Timing
    private var candidates: [WitnessIdentity] = []
    /// Since when the present witnesses are not the best choice.
    private var betterSince: MonotonicTime?

    init(timing: Timing) { self.timing = timing }

    mutating func see(_ candidates: [WitnessIdentity]) { self.candidates = candidates.sorted() }

    /// Those that are there stay; the others are filled up by name.
    func choose(keeping present: [WitnessIdentity]) -> [WitnessIdentity] {
        let kept = present.filter(candidates.contains)
        let ordered = kept + candidates.filter { !kept.contains($0) }
        return Array(ordered.prefix(candidates.count >= 3 ? 3 : 1)).sorted()
    }

    /// Whether other witnesses have been the better choice for long enough.
    mutating func isBetter(than present: [WitnessIdentity], at now: MonotonicTime) -> Bool {
        guard choose(keeping: present) != present.sorted() else {
            betterSince = nil
            return false
        }
        betterSince = betterSince ?? now
        return now - (betterSince ?? now) >= (present.isEmpty ? timing.firstWitnessPatience : timing.witnessPatience)
    }
}
