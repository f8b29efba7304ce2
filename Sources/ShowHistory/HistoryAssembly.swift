/// Puts together what the programs of a run wrote down, each for itself.
public struct HistoryAssembly {
    public private(set) var history: History
    private var authors: [String: Int] = [:]
    private var readers: [String: Int] = [:]
    /// An empty payload says nothing: its topic must tell which one it is. The load empties no topic twice.
    private var emptyOnes: [String: Mark] = [:]

    public struct Contradiction: Error, CustomStringConvertible {
        public let description: String

        public init(description: String) { self.description = description }
    }

    /// - Parameter history: what else is known of the run.
    public init(_ history: History = History()) { self.history = history }

    /// What authors wrote down comes before what readers did.
    public mutating func add(_ line: HistoryLine) throws {
        switch line {
        case .author(let name, let promise):
            authors[name] = history.authors.count
            history.authors.append(Author(name: name, promise: promise))
        case .published(let name, let publish):
            let author = try author(name)
            history.authors[author].publishes.append(publish)
            guard publish.isEmpty else { return }
            emptyOnes[publish.topic] = Mark(author: author, sequence: history.authors[author].publishes.count)
        case .answered(let name, let sequence, let outcome, let moment):
            let author = try author(name)
            guard history.authors[author].publishes.indices.contains(sequence - 1) else {
                throw Contradiction(description: "\(name) has no message \(sequence)")
            }
            history.authors[author].publishes[sequence - 1].outcome = outcome
            history.authors[author].publishes[sequence - 1].ended = moment
        case .reader(let name, let kind):
            readers[name] = history.readers.count
            history.readers.append(Reader(name: name, kind: kind))
        case .sessionBegan(let name, let moment):
            history.readers[try reader(name)].sessions.append(.init(began: moment))
        case .sessionEnded(let name, let moment):
            let session = try session(of: name)
            history.readers[session.reader].sessions[session.number].ended = moment
        case .saw(let name, let message, let topic, let way, let moment):
            let session = try session(of: name)
            guard let mark = mark(message, topic) else {
                let what = message.map { "\($0.author) \($0.sequence)" } ?? "nothing"
                history.readers[session.reader].unreadable.append("\(what) on \(topic)")
                return
            }
            history.readers[session.reader].sessions[session.number].sightings.append(
                Sighting(mark, at: moment, way: way))
        case .unreadable(let name, let text): history.readers[try reader(name)].unreadable.append(text)
        case .failed(let name, let text): history.readers[try reader(name)].failure = text
        }
    }

    private func mark(_ message: HistoryLine.Written?, _ topic: String) -> Mark? {
        guard let message else { return emptyOnes[topic] }
        guard let author = authors[message.author] else { return nil }
        let mark = Mark(author: author, sequence: message.sequence)
        return history.publish(mark)?.topic == topic ? mark : nil
    }

    private func author(_ name: String) throws -> Int {
        guard let author = authors[name] else { throw Contradiction(description: "no author is \(name)") }
        return author
    }

    private func reader(_ name: String) throws -> Int {
        guard let reader = readers[name] else { throw Contradiction(description: "no reader is \(name)") }
        return reader
    }

    private func session(of name: String) throws -> (reader: Int, number: Int) {
        let reader = try reader(name)
        guard let number = history.readers[reader].sessions.indices.last else {
            throw Contradiction(description: "\(name) has no session")
        }
        return (reader, number)
    }
}
