import Glibc
import MQTTSession
import ShowHistory

/// Where everything that happens in a run is written down.
@SessionLoop
final class Recorder {
    var history = History()
    private let began = ContinuousClock.now
    private var authors: [String: Int] = [:]
    /// An empty payload says nothing: its topic must tell which one it is.
    private var emptyOnes: [String: Mark] = [:]

    /// What is wrong before anything is judged.
    private(set) var violations: [Violation] = []

    nonisolated init() {}

    var now: Elapsed { (ContinuousClock.now - began) / .seconds(1) }

    func add(_ author: Author) -> Int {
        history.authors.append(author)
        authors[author.name] = history.authors.count - 1
        return history.authors.count - 1
    }

    func add(_ reader: Reader) -> Int {
        history.readers.append(reader)
        return history.readers.count - 1
    }

    /// - Returns: its mark.
    func note(_ publish: Publish, by author: Int) -> Mark {
        history.authors[author].publishes.append(publish)
        let mark = Mark(author: author, sequence: history.authors[author].publishes.count)
        if publish.isEmpty { emptyOnes[publish.topic] = mark }
        return mark
    }

    func end(_ mark: Mark, _ outcome: Publish.Outcome) {
        let moment = now
        history.authors[mark.author].publishes[mark.sequence - 1].ended = moment
        history.authors[mark.author].publishes[mark.sequence - 1].outcome = outcome
    }

    func note(kind: String, _ text: String) {
        history.incidents.append(.init(at: now, kind: kind, text: text))
        say(text)
    }

    /// At once, also where the output goes to a file.
    func say(_ text: String) {
        print("\(now.inTenths) s: \(text)")
        fflush(nil)
    }

    func note(_ violation: Violation) {
        violations.append(violation)
        say(violation.text)
    }

    func noteCalm(since began: Elapsed) { history.calms.append(.init(began: began, ended: now)) }

    func noteDoubleLoss(since began: Elapsed) { history.doubleLosses.append(.init(began: began, ended: now)) }

    func note(_ contents: [History.Content]) { history.contents = contents }

    // MARK: - Readers

    func began(_ reader: Int) { history.readers[reader].sessions.append(.init(began: now)) }

    func ended(_ reader: Int) {
        guard let last = history.readers[reader].sessions.indices.last else { return }
        history.readers[reader].sessions[last].ended = min(history.readers[reader].sessions[last].ended, now)
    }

    func saw(_ message: Message, _ way: Sighting.Way, by reader: Int) {
        guard let mark = mark(of: message) else {
            // A topic that is empty now, told again.
            guard !message.payload.isEmpty else { return }
            let start = String(decoding: message.payload.prefix(60), as: UTF8.self)
            history.readers[reader].unreadable.append("\(message.topic) with \(message.payload.count) bytes, \(start)")
            return
        }
        guard let last = history.readers[reader].sessions.indices.last else { return }
        history.readers[reader].sessions[last].sightings.append(Sighting(mark, at: now, way: way))
    }

    private func mark(of message: Message) -> Mark? {
        guard !message.payload.isEmpty else { return emptyOnes[message.topic] }
        guard let read = ShowPayload.read(message.payload), let author = authors[read.author] else { return nil }
        let mark = Mark(author: author, sequence: read.sequence)
        return history.publish(mark)?.topic == message.topic ? mark : nil
    }
}

extension Double {
    var inTenths: String { "\((self * 10).rounded() / 10)" }
    /// Of seconds, in milliseconds.
    var inMilliseconds: String { "\((self * 10_000).rounded() / 10) ms" }
}
