/// What a seed decides of its show.
struct ShowTraits {
    let topics: Int
    /// Of the messages: how many are events, which nobody retains, and how many of the others delete.
    let eventShare: Double
    let deletionShare: Double
    /// Between two messages of one program, on average.
    let pause: Span
    /// How many programs publish; all read.
    let authors: Int
    /// How many clients have a program of somebody else beside, which knows no identities.
    let strangers: Int
    /// How often such a program publishes on the hub that is not active.
    let strayShare: Double
    let burstShare: Double

    init(_ random: inout SplitMix64) {
        topics = 1 + random.index(below: 8)
        eventShare = random.pick([0, 0.3, 0.7])
        deletionShare = random.pick([0, 0.1, 0.3])
        pause = random.spanOfAnySize(.milliseconds(120) ... .seconds(2))
        authors = 1 + random.index(below: 3)
        strangers = random.index(below: 3)
        strayShare = random.pick([0, 0.2])
        burstShare = random.pick([0, 0.5])
    }
}
