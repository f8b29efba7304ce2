extension Judge {
    /// Where a reader is with one author.
    private struct Progress {
        var highest = 0
        var seen: [Bool]

        init(count: Int) { seen = Array(repeating: false, count: count + 1) }
    }

    private func noProgress() -> [Progress] { history.authors.map { Progress(count: $0.publishes.count) } }

    private mutating func judgeBasics(_ reader: Reader) {
        for text in reader.unreadable { note(.invented, "\(reader.name) read what nobody wrote: \(text)") }
        for sighting in reader.sessions.flatMap(\.sightings) {
            switch history.publish(sighting.mark)?.outcome {
            case nil:
                note(.invented, "\(reader.name) read \(describe(sighting.mark)), which nobody wrote", at: sighting.at)
            case .notSent:
                note(
                    .invented,
                    "\(reader.name) read \(describe(sighting.mark)), of which its author was told that it was not sent",
                    at: sighting.at)
            default: break
            }
        }
    }

    /// I4 and I5 for a reader that lives for the whole run.
    mutating func judgeLibrary(_ reader: Reader) {
        judgeBasics(reader)
        if let failure = reader.failure { note(.broken, "\(reader.name) ended: \(failure)") }
        var progress = noProgress()
        for sighting in reader.sessions.flatMap(\.sightings) {
            let mark = sighting.mark
            guard history.publish(mark) != nil else { continue }
            // What a hub has lost of an author without identities, it may well show to everyone in its older state.
            if sighting.way == .state, history.authors[mark.author].promise == .taken {
                progress[mark.author].seen[mark.sequence] = true
                continue
            }
            let isExcused = isExcused(reader, mark, as: sighting.way)
            if progress[mark.author].seen[mark.sequence] {
                let first = reader.sessions.flatMap(\.sightings).first { $0.mark == mark }!
                if isExcused, first.way == .state {
                    excused += 1
                } else {
                    note(
                        .repeated,
                        "\(reader.name) read \(describe(mark)) twice, \(sighting.way) now, \(first.way) at "
                            + "\(rounded(first.at)) s", at: sighting.at)
                }
            } else if mark.sequence < progress[mark.author].highest, isBefore(mark, progress[mark.author].highest) {
                if isExcused {
                    excused += 1
                } else {
                    note(
                        .reordered,
                        "\(reader.name) read \(describe(mark)) after \(progress[mark.author].highest), as \(sighting.way)",
                        at: sighting.at)
                }
            }
            progress[mark.author].seen[mark.sequence] = true
            progress[mark.author].highest = max(progress[mark.author].highest, mark.sequence)
        }
        judgeLastView(of: reader)
        for (author, all) in history.authors.enumerated() {
            for (index, publish) in all.publishes.enumerated()
            where publish.outcome == .confirmed && !progress[author].seen[index + 1] {
                // Nothing is promised to the others when a fault is near.
                guard all.promise == .replicated || isCalm(publish) else { continue }
                guard !mayMiss(reader, publish) else {
                    excused += 1
                    continue
                }
                note(
                    .unseen, "\(reader.name) never read \(describe(Mark(author: author, sequence: index + 1)))",
                    at: publish.ended)
            }
        }
    }

    /// What one server copies to its hub comes there once and in order; and what is confirmed in a calm is on both hubs,
    /// so a session with either has it. What authors send to a hub again themselves is not judged here.
    mutating func judgePlain(_ reader: Reader) {
        judgeBasics(reader)
        for session in reader.sessions {
            var copies = noProgress()
            var progress = noProgress()
            for sighting in session.sightings {
                let mark = sighting.mark
                guard history.publish(mark) != nil else { continue }
                progress[mark.author].seen[mark.sequence] = true
                guard sighting.way == .copy else { continue }
                // What its author has published on both hubs, as after a double loss, may come once from each.
                let isExcused = isInDoubleLoss(history.publish(mark)!)
                if copies[mark.author].seen[mark.sequence] {
                    if isExcused {
                        excused += 1
                    } else {
                        note(.repeated, "\(reader.name) read the copy of \(describe(mark)) twice", at: sighting.at)
                    }
                } else if mark.sequence < copies[mark.author].highest, !isExcused {
                    note(
                        .reordered,
                        "\(reader.name) read the copy of \(describe(mark)) after that of \(copies[mark.author].highest)",
                        at: sighting.at)
                }
                copies[mark.author].seen[mark.sequence] = true
                copies[mark.author].highest = max(copies[mark.author].highest, mark.sequence)
            }
            // A reader that was late when its hub was lost has not got what its broker kept for it.
            let news = session.sightings.filter { $0.way != .state }
            let reached = news.compactMap { history.publish($0.mark)?.began }.max() ?? 0
            for (author, all) in history.authors.enumerated() {
                for (index, publish) in all.publishes.enumerated()
                where publish.outcome == .confirmed && !progress[author].seen[index + 1]
                    && publish.began > session.began && publish.ended < min(reached, session.ended - Self.margin)
                    && isCalm(publish)
                {
                    note(
                        .notCopied,
                        "\(reader.name), since \(rounded(session.began)) s, never read "
                            + describe(Mark(author: author, sequence: index + 1)), at: publish.ended)
                }
            }
        }
    }

    /// A program without identities has an order among what it gives to one hub. What had no answer, such as that of a hub
    /// that hangs or is cut off, when the program went on with another hub, comes when the first one can be heard again.
    private func isBefore(_ mark: Mark, _ later: Int) -> Bool {
        guard history.authors[mark.author].promise == .taken, let one = history.publish(mark),
            let other = history.publish(Mark(author: mark.author, sequence: later))
        else { return true }
        return one.outcome == .confirmed && one.ended < other.began && !wasOvertaken(mark, one)
    }

    /// Its author had the answer to a later one first: they went to different hubs.
    private func wasOvertaken(_ mark: Mark, _ publish: Publish) -> Bool {
        history.authors[mark.author].publishes[mark.sequence...].prefix { $0.began < publish.ended }
            .contains { $0.outcome == .confirmed && $0.ended < publish.ended }
    }

    /// What a reader saw last on a topic is what the hubs hold, also after losses that cost it single messages.
    private mutating func judgeLastView(of reader: Reader) {
        guard let content = history.contents.first else { return }
        var last: [String: Mark] = [:]
        for sighting in reader.sessions.flatMap(\.sightings) {
            guard let publish = history.publish(sighting.mark), publish.isRetained else { continue }
            last[publish.topic] = sighting.mark
        }
        for (topic, mark) in last.sorted(by: { $0.key < $1.key }) {
            let author = history.authors[mark.author]
            guard author.promise == .replicated else { continue }
            let held = content.retained[topic].flatMap { ShowPayload.read($0)?.sequence }
            let seen = author.publishes[mark.sequence - 1].isDeletion ? nil : mark.sequence
            guard held != seen else { continue }
            if held == nil,
                author.publishes.contains(where: { $0.topic == topic && $0.isDeletion && mayMiss(reader, $0) })
            {
                // Nobody tells a reader that comes back what is not there any more.
                excused += 1
            } else {
                note(
                    .stale,
                    "\(reader.name) saw \(describe(mark)) last, and the hubs hold \(held.map(String.init) ?? "nothing")"
                )
            }
        }
    }

    /// A reader that had no session with the hub that acted has got its state meanwhile. Only an identity tells that a
    /// message which comes later is a part of that state.
    private func isExcused(_ reader: Reader, _ mark: Mark, as way: Sighting.Way) -> Bool {
        guard let publish = history.publish(mark), mayMiss(reader, publish) else { return false }
        return way == .state || history.authors[mark.author].promise == .taken
    }

    /// It was published while this reader may have had no session with any hub that acted.
    private func mayMiss(_ reader: Reader, _ publish: Publish) -> Bool {
        isInDoubleLoss(publish) || reader.absences.contains { $0.overlaps(publish) }
    }

    private func isInDoubleLoss(_ publish: Publish) -> Bool { history.doubleLosses.contains { $0.overlaps(publish) } }

    private func isCalm(_ publish: Publish) -> Bool {
        // The last calm that began before it.
        var (low, high) = (0, history.calms.count)
        while low < high {
            let middle = (low + high) / 2
            if history.calms[middle].began < publish.began { low = middle + 1 } else { high = middle }
        }
        return low > 0 && publish.ended < history.calms[low - 1].ended - Self.margin
    }
}
