/// One thing that a program of the load did or saw, as one line of text. The programs of a run are processes of their own,
/// on machines of their own; each writes down what it can tell, and what they wrote is put together when all is over.
///
/// Words with a space between them; only the last one may hold spaces.
public enum HistoryLine: Hashable, Sendable {
    case author(name: String, Author.Promise)
    /// The next message of this author.
    case published(author: String, Publish)
    case answered(author: String, sequence: Int, Publish.Outcome, at: Elapsed)
    case reader(name: String, Reader.Kind)
    case sessionBegan(reader: String, at: Elapsed)
    case sessionEnded(reader: String, at: Elapsed)
    /// - Parameter message: what its bytes say; `nil`: it was empty, and its topic must tell which one it is.
    case saw(reader: String, message: Written?, topic: String, Sighting.Way, at: Elapsed)
    case unreadable(reader: String, String)
    case failed(reader: String, String)

    /// What a payload of the load says of itself.
    public struct Written: Hashable, Sendable {
        public var author: String
        public var sequence: Int

        public init(author: String, sequence: Int) { (self.author, self.sequence) = (author, sequence) }
    }
}

// MARK: - As text

extension HistoryLine {
    /// Without the end of the line.
    public var text: String {
        switch self {
        case .author(let name, let promise): "author \(name) \(promise == .replicated ? "replicated" : "taken")"
        case .published(let author, let publish):
            "published \(author) \(publish.began) \(publish.isRetained ? "retained" : "event") "
                + "\(publish.isEmpty ? "empty" : "full") \(publish.topic)"
        case .answered(let author, let sequence, let outcome, let moment):
            "answered \(author) \(sequence) \(moment) \(outcome.rawValue)"
        case .reader(let name, .library): "reader \(name)"
        case .reader(let name, .plain(let hub)): "reader \(name) \(hub)"
        case .sessionBegan(let reader, let moment): "began \(reader) \(moment)"
        case .sessionEnded(let reader, let moment): "ended \(reader) \(moment)"
        case .saw(let reader, let message, let topic, let way, let moment):
            "saw \(reader) \(message?.author ?? Self.none) \(message?.sequence ?? 0) \(way.rawValue) \(moment) \(topic)"
        case .unreadable(let reader, let text): "unreadable \(reader) \(Self.oneLine(text))"
        case .failed(let reader, let text): "failed \(reader) \(Self.oneLine(text))"
        }
    }

    /// - Returns: `nil` for what no program writes.
    public init?(_ line: ArraySlice<UInt8>) {
        let words = line.split(separator: UInt8(ascii: " "), maxSplits: 6)
        guard words.count >= 2 else { return nil }
        let name = String(decoding: words[1], as: UTF8.self)
        func text(_ index: Int) -> String { String(decoding: words[index], as: UTF8.self) }
        func rest(from index: Int) -> String {
            words.count > index ? String(decoding: line[words[index].startIndex...], as: UTF8.self) : ""
        }
        switch (text(0), words.count) {
        case ("author", 3): self = .author(name: name, text(2) == "replicated" ? .replicated : .taken)
        case ("published", 6):
            guard let began = Elapsed(text(2)) else { return nil }
            let publish = Publish(
                topic: text(5), isRetained: text(3) == "retained", isEmpty: text(4) == "empty", began: began)
            self = .published(author: name, publish)
        case ("answered", 5):
            guard let sequence = Int(text(2)), let moment = Elapsed(text(3)),
                let outcome = Publish.Outcome(rawValue: text(4))
            else { return nil }
            self = .answered(author: name, sequence: sequence, outcome, at: moment)
        case ("reader", 2): self = .reader(name: name, .library)
        case ("reader", 3): self = .reader(name: name, .plain(hub: text(2)))
        case ("began", 3):
            guard let moment = Elapsed(text(2)) else { return nil }
            self = .sessionBegan(reader: name, at: moment)
        case ("ended", 3):
            guard let moment = Elapsed(text(2)) else { return nil }
            self = .sessionEnded(reader: name, at: moment)
        case ("saw", 7):
            guard let sequence = Int(text(3)), let way = UInt8(text(4)).flatMap(Sighting.Way.init),
                let moment = Elapsed(text(5))
            else { return nil }
            let author = text(2)
            let message = author == Self.none ? nil : Written(author: author, sequence: sequence)
            self = .saw(reader: name, message: message, topic: text(6), way, at: moment)
        case ("unreadable", 3...): self = .unreadable(reader: name, rest(from: 2))
        case ("failed", 3...): self = .failed(reader: name, rest(from: 2))
        default: return nil
        }
    }

    private static let none = "-"

    private static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " / ")
    }
}
