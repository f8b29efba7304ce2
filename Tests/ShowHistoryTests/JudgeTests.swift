import ShowHistory
import Testing

/// Histories made by hand: each breaks one promise, or none.
@Suite("Judge")
struct JudgeTests {
    private var history = History()

    private static let topic = "show/w1/key/1"

    /// One author, whose messages all go to one topic, a library reader, and both hubs.
    init() {
        history.authors = [Author(name: "w1", promise: .replicated)]
        var reader = Reader(name: "reader-1", kind: .library)
        reader.sessions = [.init(began: 0)]
        history.readers = [reader]
        history.contents = [.init(hub: "main-1", retained: [:]), .init(hub: "backup-1", retained: [:])]
    }

    private mutating func publish(
        _ outcome: Publish.Outcome = .confirmed, at moment: Elapsed = 1, topic: String = topic, retain: Bool = true,
        isEmpty: Bool = false, by author: Int = 0
    ) {
        history.authors[author].publishes.append(
            Publish(
                topic: topic, isRetained: retain, isEmpty: isEmpty, began: moment, ended: moment + 0.001,
                outcome: outcome
            ))
    }

    private mutating func see(_ sequences: Int..., by reader: Int = 0, way: Sighting.Way = .live, author: Int = 0) {
        for sequence in sequences {
            history.readers[reader].sessions[0].sightings.append(
                Sighting(Mark(author: author, sequence: sequence), at: 2, way: way))
        }
    }

    private mutating func hold(_ sequence: Int?, on hubs: [Int] = [0, 1], topic: String = topic) {
        for hub in hubs {
            history.contents[hub].retained[topic] = sequence.map {
                ShowPayload.make(author: "w1", sequence: $0, size: 40)
            }
        }
    }

    private mutating func addPlainReader() -> Int {
        var reader = Reader(name: "plain", kind: .plain(hub: "backup-1"))
        reader.sessions = [.init(began: 0)]
        history.readers.append(reader)
        return history.readers.count - 1
    }

    private var kinds: [Violation.Kind] { Judge.verdict(on: history).violations.map(\.kind) }

    // MARK: - Nothing broken

    @Test("Everything confirmed, seen once in order, and held by both hubs")
    mutating func flawless() {
        for _ in 1...3 { publish() }
        see(1, 2, 3)
        hold(3)
        #expect(kinds.isEmpty)
    }

    @Test("What nobody can tell of may be there or not, and seen or not", arguments: [1, 2])
    mutating func unknown(held: Int) {
        publish()
        publish(.unknown)
        see(1)
        if held == 2 { see(2) }
        hold(held)
        #expect(kinds.isEmpty)
    }

    @Test("A deletion that nobody can tell of may have happened")
    mutating func unknownDeletion() {
        publish()
        publish(.unknown, isEmpty: true)
        see(1)
        hold(1)
        #expect(kinds.isEmpty)
        see(2)
        hold(nil)
        #expect(kinds.isEmpty)
    }

    @Test("An event is not held")
    mutating func event() {
        publish(retain: false)
        see(1)
        #expect(kinds.isEmpty)
    }

    // MARK: - I3

    @Test("I3: a confirmed write that both hubs have lost")
    mutating func lost() {
        publish()
        see(1)
        #expect(kinds == [.lost, .lost, .stale], "lost on each hub")
    }

    @Test("I3: an older write is there instead of the confirmed one")
    mutating func overwritten() {
        publish()
        publish()
        see(1, 2)
        hold(1)
        #expect(kinds == [.lost, .lost, .stale])
    }

    @Test("I3: what was deleted is there again")
    mutating func resurrected() {
        publish()
        publish(isEmpty: true)
        see(1, 2)
        hold(1)
        #expect(kinds == [.lost, .lost, .stale])
    }

    @Test("I3: what its author was told not to be sent is there")
    mutating func notSent() {
        publish()
        publish(.notSent)
        see(1)
        hold(2)
        #expect(kinds == [.invented, .invented, .stale])
    }

    @Test("I3: bytes that nobody wrote")
    mutating func changed() {
        publish()
        see(1)
        hold(1)
        for hub in 0...1 { history.contents[hub].retained[Self.topic]![39] ^= 1 }
        #expect(kinds == [.invented, .invented, .stale])
    }

    @Test("I3: confirmed in a calm, and never on the other hub")
    mutating func notCopied() {
        history.calms = [.init(began: 0.5, ended: 5)]
        for number in 1...3 { publish(at: Elapsed(number), retain: false) }
        see(1, 2, 3)
        let plain = addPlainReader()
        see(1, by: plain, way: .copy)
        #expect(kinds.isEmpty, "it may be late")
        see(3, by: plain, way: .copy)
        #expect(kinds == [.notCopied])
    }

    @Test("Confirmed just before a fault: the other hub may have been the one that was lost")
    mutating func notCopiedNearFault() {
        history.calms = [.init(began: 0.5, ended: 1.1)]
        publish(retain: false)
        see(1)
        _ = addPlainReader()
        #expect(kinds.isEmpty)
    }

    // MARK: - I4, I5

    @Test("I4: a confirmed event that a reader never got")
    mutating func unseen() {
        publish(retain: false)
        publish(retain: false)
        see(2)
        #expect(kinds == [.unseen])
    }

    @Test("I4: what a reader saw last is what the hubs hold")
    mutating func stale() {
        publish()
        publish(.unknown)
        see(1)
        hold(2)
        #expect(kinds == [.stale])
    }

    @Test("I4: both servers lost: single messages may be missed, the state may not")
    mutating func doubleLoss() {
        for _ in 1...3 { publish() }
        see(1)
        see(3, way: .state)
        hold(3)
        #expect(kinds == [.unseen])
        history.doubleLosses = [.init(began: 0, ended: 10)]
        #expect(kinds.isEmpty && Judge.verdict(on: history).excused == 1)
        see(3)
        #expect(kinds == [.repeated])
    }

    @Test(
        "I4: a reader whose machine was cut off gets the state; other readers, and what was published before, are judged"
    )
    mutating func absence() {
        for moment in [1.0, 3, 4] { publish(at: moment) }
        publish(at: 8, retain: false)
        see(1)
        see(3, way: .state)
        see(4)
        hold(3)
        #expect(kinds == [.unseen])
        history.readers[0].absences = [.init(began: 2, ended: 6)]
        #expect(kinds.isEmpty && Judge.verdict(on: history).excused == 1)
        history.readers[0].absences = [.init(began: 4, ended: 6)]
        #expect(kinds == [.unseen])
        history.readers[0].absences = []
        var other = history.readers[0]
        (other.name, other.absences) = ("reader-2", [.init(began: 2, ended: 6)])
        history.readers.append(other)
        #expect(kinds == [.unseen])
    }

    @Test("I4: a message that a reader got twice")
    mutating func repeated() {
        publish(retain: false)
        publish(retain: false)
        see(1, 2, 1)
        #expect(kinds == [.repeated])
    }

    @Test("I5: a message after a later one")
    mutating func reordered() {
        for _ in 1...3 { publish(retain: false) }
        see(1, 3, 2)
        #expect(kinds == [.reordered])
    }

    @Test("I4, I5: copies twice or out of order on one hub")
    mutating func copies() {
        for _ in 1...3 { publish(retain: false) }
        see(1, 2, 3)
        let plain = addPlainReader()
        see(1, 1, 3, 2, by: plain, way: .copy)
        #expect(kinds == [.repeated, .reordered])
        // What an author sends again itself is its right.
        history.readers[plain].sessions[0].sightings = []
        see(1, 1, 2, 3, by: plain, way: .live)
        #expect(kinds.isEmpty)
    }

    @Test("A reader that was thrown out, and bytes that it could not read")
    mutating func thrownOut() {
        history.readers[0].failure = "too slow"
        history.readers[0].unreadable = ["show/w1/key/1"]
        #expect(kinds == [.invented, .broken])
    }

    // MARK: - I6

    @Test("I6: the hubs hold different things")
    mutating func unequal() {
        publish()
        publish(.unknown)
        see(1)
        hold(1, on: [0])
        hold(2, on: [1])
        #expect(kinds == [.unequal])
    }

    // MARK: - Programs without identities

    @Test("Without identities: never twice, in order, and nothing lost in a calm")
    mutating func plainAuthor() {
        history.authors.append(Author(name: "t1", promise: .taken))
        for number in 1...4 { publish(at: Elapsed(number), topic: "show/t1/event", retain: false, by: 1) }
        see(1, 3, author: 1)
        #expect(kinds.isEmpty, "a fault may have taken what no reader saw")
        see(3, 2, author: 1)
        #expect(kinds == [.repeated, .reordered])
        history.calms = [.init(began: 3.5, ended: 10)]
        #expect(kinds == [.repeated, .reordered, .unseen])
    }

    @Test("Without identities: no order where the answer to the first was not waited for")
    mutating func concurrent() {
        history.authors.append(Author(name: "t1", promise: .taken))
        publish(at: 1, topic: "show/t1/event", retain: false, by: 1)
        publish(at: 2, topic: "show/t1/event", retain: false, by: 1)
        history.authors[1].publishes[0].ended = 3
        see(2, 1, author: 1)
        #expect(kinds.isEmpty)
    }

    @Test("Without identities: what a hub answers late has lost its place among what went to another one meanwhile")
    mutating func overtaken() {
        history.authors.append(Author(name: "t1", promise: .taken))
        for moment in [1.0, 2, 4] { publish(at: moment, topic: "show/t1/event", retain: false, by: 1) }
        see(2, 3, 1, author: 1)
        #expect(kinds == [.reordered])
        history.authors[1].publishes[0].ended = 3
        #expect(kinds.isEmpty)
    }

    @Test(
        "Without identities: what was never answered may come at any time",
        arguments: [Publish.Outcome.unknown, .confirmed])
    mutating func neverAnswered(outcome: Publish.Outcome) {
        history.authors.append(Author(name: "t1", promise: .taken))
        publish(outcome, at: 1, topic: "show/t1/event", retain: false, by: 1)
        publish(at: 2, topic: "show/t1/event", retain: false, by: 1)
        see(2, 1, author: 1)
        #expect(kinds == (outcome == .unknown ? [] : [.reordered]))
    }
}
