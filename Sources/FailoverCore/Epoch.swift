/// The number of one activation of one hub. Never used twice, and a higher one always wins.
///
/// Main takes even numbers and Backup odd ones, so two servers that choose at the same moment never choose the
/// same (design, "Who is active").
public struct Epoch: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let number: UInt64

    public init(_ number: UInt64) { self.number = number }

    public var description: String { String(number) }

    public static func < (left: Self, right: Self) -> Bool { left.number < right.number }

    /// The lowest epoch that `role` may take above this one.
    public func next(for role: Role) -> Epoch {
        let isOdd = role == .backup
        let above = number + 1
        return Epoch((above % 2 == 1) == isOdd ? above : above + 1)
    }

    /// Higher ones are no site's (see `floor`): whoever speaks of one must not make servers use up what can be counted.
    public static let highestBelievable = Epoch(1 << 62)

    /// Whether it is one of those that `role` takes.
    func isTaken(by role: Role) -> Bool { (number % 2 == 1) == (role == .backup) }

    /// The highest epoch that a server without a record counts as used.
    ///
    /// A store that was lost cannot be told from one that never was. Twice the Unix time is above every epoch that
    /// the site can have reached before (one every half second, for ever), so no client takes the new one for old.
    public static func floor(at time: Timestamp) -> Epoch {
        Epoch(UInt64(max(0, time.millisecondsSince1970)) / 500)
    }
}

extension Epoch: Codable {
    public init(from decoder: any Decoder) throws {
        number = try decoder.singleValueContainer().decode(UInt64.self)
        // Room to count on from any epoch that was received, whoever sent it.
        guard number <= UInt64(Int64.max) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "epoch too large"))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }
}
