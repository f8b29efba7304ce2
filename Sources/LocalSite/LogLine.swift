import Foundation

/// One line that a machine logged: "2026-11-22T19:07:33.123456Z info epoch 7: this hub is active".
public struct LogLine: Sendable {
    /// To the microsecond. Machines of one site share one clock here.
    public let moment: Date
    /// What comes after the moment and the level.
    public let text: String

    public init?(_ line: String) {
        let parts = line.split(separator: " ", maxSplits: 2)
        guard parts.count == 3, let moment = Self.moment(parts[0]) else { return nil }
        self.moment = moment
        text = String(parts[2])
    }

    /// Foundation's style cuts off what is less than a millisecond.
    private static func moment(_ text: Substring) -> Date? {
        let parts = text.dropLast().split(separator: ".")
        guard parts.count == 2, let seconds = try? Date("\(parts[0])Z", strategy: .iso8601),
            let fraction = Double("0.\(parts[1])")
        else { return nil }
        return seconds.addingTimeInterval(fraction)
    }
}
