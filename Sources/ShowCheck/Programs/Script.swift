import ShowHistory

/// What an author publishes as its how manieth message: overwritten values, events that nobody keeps, deletions, values
/// that come after a deletion, empty events, and some that are large.
struct Script {
    struct Line {
        var topic: String
        var isRetained: Bool
        /// Bytes.
        var size: Int
    }

    /// How long it may take to be confirmed. Some are given up where a machine is cut off, and followed by others.
    func patience(_ sequence: Int) -> Duration { sequence % 10 == 9 ? .seconds(1) : .seconds(10) }

    let author: String
    let keys: Int
    let hasLargeOnes: Bool

    /// - Parameter sequence: from 1.
    subscript(sequence: Int) -> Line {
        let (round, step) = (sequence / 100, sequence % 100)
        let root = "show/\(author)"
        switch step {
        case 20: return Line(topic: "\(root)/brief/\(round)", isRetained: true, size: size(sequence))
        case 50: return Line(topic: "\(root)/brief/\(round)", isRetained: true, size: 0)
        case 80 where round % 2 == 0:
            return Line(topic: "\(root)/brief/\(round)", isRetained: true, size: size(sequence))
        case 35: return Line(topic: "\(root)/empty/\(round)", isRetained: false, size: 0)
        case let other where other % 10 == 3:
            return Line(topic: "\(root)/event", isRetained: false, size: size(sequence))
        default: return Line(topic: "\(root)/key/\(scattered(sequence) % keys)", isRetained: true, size: size(sequence))
        }
    }

    private func size(_ sequence: Int) -> Int {
        if hasLargeOnes {
            if sequence % 2000 == 1007 { return 1024 * 1024 }
            if sequence % 400 == 7 { return 64 * 1024 }
        }
        return ShowPayload.fewestBytes + scattered(sequence) % 200
    }

    /// The same in every run (Knuth's multiplicative hashing).
    private func scattered(_ sequence: Int) -> Int { (sequence &* 2_654_435_761 & 0xFFFF_FFFF) >> 8 }
}
