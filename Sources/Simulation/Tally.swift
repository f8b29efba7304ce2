import FailoverCore

/// What became of operators' orders. A server that dies answers none.
struct OrderCount {
    var given = 0
    var done = 0
    var refused = 0

    static func + (left: Self, right: Self) -> Self {
        Self(given: left.given + right.given, done: left.done + right.done, refused: left.refused + right.refused)
    }
}

/// What one run, or all of them, went through.
struct Tally {
    var faults: [Fault.Kind: Int] = [:]
    var orders: [Fault.Kind: OrderCount] = [:]
    var lostStores = 0
    var show = ShowTally()
    var epochs = 0
    /// Epochs with another holder than the one before.
    var switches = 0
    /// How often a promise was at stake; see `AvailabilityOracle`.
    var takeoversWatched = 0
    var staysWatched = 0
    /// From the end of the faults to the last moment at which something was amiss.
    var longestRecovery = Span.zero
    /// The most epochs that one run of a server began, as a part of what it may.
    var mostLosses = 0.0
    /// The highest that was begun so far.
    private(set) var newest: Epoch?

    mutating func noteEpoch(_ record: Record) {
        guard newest.map({ record.epoch > $0 }) ?? true else { return }
        newest = record.epoch
        epochs += 1
        if let previous = record.previous, previous != record.holder { switches += 1 }
    }

    mutating func noteLosses(_ count: Int, of most: Int) { mostLosses = max(mostLosses, Double(count) / Double(most)) }

    mutating func add(_ other: Tally) {
        faults.merge(other.faults, uniquingKeysWith: +)
        orders.merge(other.orders) { $0 + $1 }
        lostStores += other.lostStores
        show.add(other.show)
        epochs += other.epochs
        switches += other.switches
        takeoversWatched += other.takeoversWatched
        staysWatched += other.staysWatched
        longestRecovery = max(longestRecovery, other.longestRecovery)
        mostLosses = max(mostLosses, other.mostLosses)
    }
}
