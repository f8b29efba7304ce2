/// What became of the show, in one run or in all.
struct ShowTally {
    var published = 0
    var confirmed = 0
    var confirmedByPair = 0
    /// Confirmed, and looked for in the end.
    var kept = 0
    /// Confirmed, and lost with both servers, or with the only one that had it.
    var excused = 0
    /// Events that a pair confirmed, and both hubs had to give to their readers.
    var given = 0
    /// Retained messages that a reader had to have read last.
    var compared = 0
    var read = 0
    /// Again, as the state that a topic has turned back to.
    var turnedBack = 0
    var conflicts = 0

    mutating func add(_ other: ShowTally) {
        published += other.published
        confirmed += other.confirmed
        confirmedByPair += other.confirmedByPair
        kept += other.kept
        excused += other.excused
        given += other.given
        compared += other.compared
        read += other.read
        turnedBack += other.turnedBack
        conflicts += other.conflicts
    }

    var text: String {
        "\(published) messages, \(confirmed) confirmed (\(confirmedByPair) by a pair), \(kept) looked for in the end, "
            + "\(excused) lost with both servers, \(given) events looked for on both hubs, \(compared) states of readers compared, \(read) read (\(turnedBack) again as a state that came back), \(conflicts) conflicts"
    }
}
