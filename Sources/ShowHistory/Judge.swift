/// Finds every promise that a history shows to be broken: I3 (nothing confirmed is lost), I4 (nothing twice, nothing left
/// out), I5 (each author's order) and the equal hubs of I6.
///
/// It knows nothing of stamps, streams or identities, only what authors and readers can see.
public struct Judge {
    let history: History
    private(set) var violations: [Violation] = []
    var excused = 0

    /// What is published, or seen, this near to the end of a calm may have been hit by what ended it, in seconds.
    static let margin: Elapsed = 0.5

    public struct Verdict: Sendable {
        public var violations: [Violation]
        /// Messages that a reader did not get, or got late, while it may have reached no hub.
        public var excused: Int
    }

    public static func verdict(on history: History) -> Verdict {
        var judge = Judge(history: history)
        judge.judgeContents()
        for reader in history.readers {
            switch reader.kind {
            case .library: judge.judgeLibrary(reader)
            case .plain: judge.judgePlain(reader)
            }
        }
        return Verdict(violations: judge.violations, excused: judge.excused)
    }

    mutating func note(_ kind: Violation.Kind, _ text: String, at moment: Elapsed? = nil) {
        violations.append(Violation(kind, text, at: moment))
    }

    func rounded(_ moment: Elapsed) -> Double { (moment * 1000).rounded() / 1000 }

    /// "w3 812 (show/w3/key/7, 8.214 to 8.217 s)"
    func describe(_ mark: Mark) -> String {
        let name =
            history.authors.indices.contains(mark.author) ? history.authors[mark.author].name : "author \(mark.author)"
        return "\(name) \(mark.sequence)"
            + (history.publish(mark).map { " (\($0.topic), \(rounded($0.began)) to \(rounded($0.ended)) s)" } ?? "")
    }
}
