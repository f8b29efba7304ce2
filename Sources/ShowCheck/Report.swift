import ShowHistory

/// What a run has shown, for people.
struct Report: CustomStringConvertible {
    private let history: History
    private let violations: [Violation]
    private let excused: Int

    /// Of each kind; all are counted.
    private static let mostDescribed = 20

    init(_ history: History, _ violations: [Violation], excused: Int) {
        self.excused = excused
        self.history = history
        self.violations = violations
    }

    var description: String {
        let ours = Figures(history, of: .replicated)
        let others = Figures(history, of: .taken)
        var lines = [
            "\(ours.publishes) publishes: \(ours.confirmed) confirmed, \(ours.unknown) unknown, \(ours.notSent) not sent",
            "confirmed after \(ours.median.inMilliseconds) (median), \(ours.percentile99.inMilliseconds) (99 of 100), "
                + "\(ours.longest.inMilliseconds) (longest)",
            "programs without identities: \(others.publishes) publishes, \(others.confirmed) taken by a hub, of which "
                + "\(others.confirmedAndUnseen) were lost with it; \(others.unknown) not answered",
        ]
        if excused > 0 {
            lines.append("while they reached no hub, readers got the state instead of \(excused) messages")
        }
        for (kind, stall) in ours.stalls.sorted(by: { $0.key < $1.key }) {
            lines.append("  \(stall.count) × \(kind): longest publish \(stall.longest.inMilliseconds)")
        }
        lines.append(
            Violation.Kind.allCases.map { kind in "\(violations.count { $0.kind == kind }) \(kind.rawValue)" }
                .joined(separator: ", "))
        for kind in Violation.Kind.allCases {
            let found = violations.filter { $0.kind == kind }
            for violation in found.prefix(Self.mostDescribed) { lines.append(describe(violation)) }
            if found.count > Self.mostDescribed {
                lines.append("  … and \(found.count - Self.mostDescribed) more \(kind.rawValue)")
            }
        }
        return lines.joined(separator: "\n")
    }

    private func describe(_ violation: Violation) -> String {
        var text = "VIOLATION \(violation.kind.rawValue): \(violation.text)"
        if let moment = violation.at {
            text += ", at \((moment * 1000).rounded() / 1000) s"
            if let last = history.incidents.last(where: { $0.at <= moment }) {
                text += ", \((moment - last.at).inMilliseconds) after: \(last.text)"
            }
        }
        return text
    }
}
