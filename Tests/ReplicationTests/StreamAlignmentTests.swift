import Replication
import Testing

@Suite("Stream alignment")
struct StreamAlignmentTests {
    private var alignment = StreamAlignment<Int>()

    @Test("I4: what a new session brings waits for its marker, and comes in order then")
    mutating func waits() {
        alignment.began(awaiting: "marker")
        let held = [alignment.holds(1, bytes: 10), alignment.holds(2, bytes: 10)]
        #expect(held == [true, true] && alignment.marker == "marker")
        let read = alignment.end()
        #expect(read == [1, 2])
        let later = alignment.holds(3, bytes: 10)
        #expect(!later)
    }

    @Test("It holds so many messages and bytes, and no more")
    mutating func bounds() {
        alignment.began(awaiting: "marker")
        for number in 0..<17 where !alignment.isFull { _ = alignment.holds(number, bytes: 1024 * 1024) }
        let isFull = alignment.isFull
        let held = alignment.end().count
        #expect(isFull && held == 16)
        alignment.began(awaiting: "marker")
        for number in 0..<30_000 where !alignment.isFull { _ = alignment.holds(number, bytes: 0) }
        #expect(alignment.isFull)
    }

    @Test("Without a marker, and after its session was lost, nothing is held")
    mutating func none() {
        alignment.began(awaiting: "marker")
        _ = alignment.holds(1, bytes: 1)
        alignment.began(awaiting: nil)
        let isHeld = alignment.holds(2, bytes: 1)
        let read = alignment.end()
        #expect(!isHeld && read.isEmpty)
    }
}
