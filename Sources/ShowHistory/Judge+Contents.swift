extension Judge {
    /// I3 and I6, from what the hubs hold at the end.
    mutating func judgeContents() {
        judgeEquality()
        for author in history.authors.indices where history.authors[author].promise == .replicated {
            judgeFinalState(of: author)
        }
    }

    private mutating func judgeEquality() {
        guard let first = history.contents.first else { return }
        for other in history.contents.dropFirst() {
            for topic in Set(first.retained.keys).union(other.retained.keys).sorted() {
                let (one, two) = (first.retained[topic], other.retained[topic])
                guard one != two else { continue }
                note(
                    .unequal,
                    "\(topic) is \(Self.summary(one)) on \(first.hub) and \(Self.summary(two)) on \(other.hub)")
            }
        }
    }

    /// The last confirmed write of each topic is there, or a later one that nobody can tell of.
    private mutating func judgeFinalState(of author: Int) {
        var writes: [String: [Int]] = [:]
        for (index, publish) in history.authors[author].publishes.enumerated() where publish.isRetained {
            writes[publish.topic, default: []].append(index + 1)
        }
        let name = history.authors[author].name
        for (topic, sequences) in writes.sorted(by: { $0.key < $1.key }) {
            let publishes = sequences.map { ($0, history.authors[author].publishes[$0 - 1]) }
            let lastConfirmed = publishes.last { $0.1.outcome == .confirmed }
            // What may be there.
            let possible = publishes.filter { sequence, publish in
                publish.outcome != .notSent && sequence >= lastConfirmed?.0 ?? 0
            }
            for content in history.contents {
                guard let found = content.retained[topic] else {
                    guard let lastConfirmed, !possible.contains(where: { $0.1.isDeletion }) else { continue }
                    note(
                        .lost, "\(describe(Mark(author: author, sequence: lastConfirmed.0))) is not on \(content.hub)",
                        at: lastConfirmed.1.ended)
                    continue
                }
                guard let read = ShowPayload.read(found), read.author == name,
                    history.publish(Mark(author: author, sequence: read.sequence))?.topic == topic
                else {
                    note(.invented, "\(topic) on \(content.hub) is \(Self.summary(found)), which nobody wrote there")
                    continue
                }
                guard !possible.contains(where: { $0.0 == read.sequence && !$0.1.isEmpty }) else { continue }
                if let lastConfirmed, read.sequence < lastConfirmed.0 {
                    let what = lastConfirmed.1.isDeletion ? "the deletion " : ""
                    note(
                        .lost,
                        "\(what)\(describe(Mark(author: author, sequence: lastConfirmed.0))): \(content.hub) holds "
                            + "\(read.sequence) instead", at: lastConfirmed.1.ended)
                } else {
                    note(
                        .invented,
                        "\(describe(Mark(author: author, sequence: read.sequence))) is on \(content.hub), and was not sent"
                    )
                }
            }
        }
    }

    static func summary(_ payload: [UInt8]?) -> String {
        guard let payload else { return "not there" }
        if let read = ShowPayload.read(payload) { return "\(read.author) \(read.sequence)" }
        return "\(payload.count) bytes: \(String(decoding: payload.prefix(40), as: UTF8.self).debugDescription)"
    }
}
