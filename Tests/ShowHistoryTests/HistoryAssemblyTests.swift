import ShowHistory
import Testing

/// What programs write down, line by line, becomes one history.
@Suite("History assembly")
struct HistoryAssemblyTests {
    private static let publish = Publish(topic: "show/w1/key/1", isRetained: true, began: 1.25)

    private static let lines: [HistoryLine] = [
        .author(name: "w1", .replicated),
        .author(name: "t1", .taken),
        .published(author: "w1", publish),
        .published(author: "w1", Publish(topic: "show/w1/empty/0", isRetained: false, isEmpty: true, began: 1.0 / 3)),
        .answered(author: "w1", sequence: 1, .confirmed, at: 2e-5),
        .answered(author: "w1", sequence: 2, .notSent, at: 3),
        .reader(name: "reader-1", .library),
        .reader(name: "plain-reader", .plain(hub: "main-1")),
        .sessionBegan(reader: "reader-1", at: 0.5),
        .saw(reader: "reader-1", message: .init(author: "w1", sequence: 1), topic: "show/w1/key/1", .copy, at: 4),
        .saw(reader: "reader-1", message: nil, topic: "show/w1/empty/0", .live, at: 5),
        .unreadable(reader: "reader-1", "show/w1/key/2 with 3 bytes, a b c"),
        .failed(reader: "reader-1", "it was too slow for what came in"),
        .sessionEnded(reader: "reader-1", at: 6),
    ]

    private static func read(_ text: String) -> HistoryLine? { HistoryLine(ArraySlice(text.utf8)) }

    @Test("A line says all that it was made of", arguments: lines)
    func roundTrip(line: HistoryLine) {
        #expect(Self.read(line.text) == line)
        #expect(!line.text.contains("\n"))
    }

    @Test(
        "What no program writes is no line",
        arguments: ["", "saw", "saw reader-1 w1 x 0 1 t", "published w1 1", "sings"])
    func malformed(text: String) { #expect(Self.read(text) == nil) }

    @Test("Several lines of an error are one line")
    func severalLines() {
        let line = HistoryLine.failed(reader: "reader-1", "one\ntwo\n")
        #expect(Self.read(line.text) == .failed(reader: "reader-1", "one / two"))
    }

    @Test("Authors, readers and what they have to do with each other")
    func assembled() throws {
        var assembly = HistoryAssembly()
        for line in Self.lines { try assembly.add(line) }
        let history = assembly.history
        #expect(
            history.authors.map(\.name) == ["w1", "t1"] && history.authors.map(\.promise) == [.replicated, .taken])
        #expect(history.authors[0].publishes.map(\.outcome) == [.confirmed, .notSent])
        #expect(history.authors[0].publishes.map(\.ended) == [2e-5, 3])
        #expect(history.readers.map(\.kind) == [.library, .plain(hub: "main-1")])
        let reader = history.readers[0]
        #expect(reader.sessions.map(\.began) == [0.5] && reader.sessions.map(\.ended) == [6])
        #expect(
            reader.sessions[0].sightings == [
                Sighting(Mark(author: 0, sequence: 1), at: 4, way: .copy),
                Sighting(Mark(author: 0, sequence: 2), at: 5, way: .live),
            ])
        #expect(reader.unreadable.count == 1 && reader.failure == "it was too slow for what came in")
    }

    @Test(
        "What nobody wrote there cannot be read",
        arguments: [
            HistoryLine.saw(
                reader: "reader-1", message: .init(author: "w1", sequence: 1), topic: "show/w1/key/2", .live, at: 1),
            .saw(reader: "reader-1", message: .init(author: "w1", sequence: 9), topic: "show/w1/key/1", .live, at: 1),
            .saw(reader: "reader-1", message: .init(author: "w7", sequence: 1), topic: "show/w1/key/1", .live, at: 1),
            .saw(reader: "reader-1", message: nil, topic: "show/w1/key/1", .live, at: 1),
        ])
    func invented(line: HistoryLine) throws {
        var assembly = HistoryAssembly()
        for line in Self.lines { try assembly.add(line) }
        try assembly.add(line)
        #expect(assembly.history.readers[0].unreadable.count == 2)
    }

    @Test("A program that contradicts itself is not believed")
    func contradiction() {
        var assembly = HistoryAssembly()
        #expect(throws: HistoryAssembly.Contradiction.self) {
            try assembly.add(.answered(author: "w1", sequence: 1, .confirmed, at: 1))
        }
        #expect(throws: HistoryAssembly.Contradiction.self) { try assembly.add(.sessionEnded(reader: "r", at: 1)) }
    }
}
