import FailoverCore
import Foundation

/// What happened, line by line, where somebody wants to read it.
struct Script {
    let isWanted: Bool

    func note(_ instant: Instant, _ text: @autoclosure () -> String) { write(instant, "", text) }

    func note(_ instant: Instant, _ node: Node, _ text: @autoclosure () -> String) {
        write(instant, node.description, text)
    }

    private func write(_ instant: Instant, _ who: String, _ text: () -> String) {
        guard isWanted else { return }
        let time = String(format: "%10.4f", instant.inSeconds)
        print("\(time)  \(who.padding(toLength: 7, withPad: " ", startingAt: 0)) \(text())")
    }

    static func text(_ record: Record?) -> String {
        guard let record else { return "no record" }
        let witnesses = record.witnesses.map(\.ballotBox).joined(separator: ", ")
        let pair =
            switch record.mode {
            case .paired: "paired with \(record.standbySession ?? "nobody"), voters: \(witnesses)"
            case .alone: "alone"
            case .single: "alone for good"
            }
        return "epoch \(record.epoch).\(record.version): \(record.holder) \(pair)"
    }

    static func text(_ paths: [Fault.Path]) -> String { paths.map { "\($0.from)→\($0.to)" }.joined(separator: " ") }

    static func text(_ keys: [SessionKey]) -> String {
        keys.map { "\($0.owner) at \($0.server)'s \($0.broker)" }.joined(separator: ", ")
    }
}
