/// A fault put in on purpose into what the rules rest on: a search that does not find it proves nothing.
enum Sabotage: String, CaseIterable {
    /// Rule 2: a holder takes echoes for newer than they are, so that its lease does not end.
    case endlessLease
    /// Rule 3: a witness forgets whom it gave its vote to.
    case voteTwice
    /// Rules 1 and 4: the standby believes in a shorter lease than the holder has.
    case twoLeases

    /// The least that shows it.
    var bounds: Bounds {
        switch self {
        case .endlessLease, .twoLeases: Bounds(witnesses: 1, ticks: 9, faults: 1)
        case .voteTwice: Bounds(witnesses: 1, ticks: 9, faults: 2, kinds: [.cuts])
        }
    }
}
