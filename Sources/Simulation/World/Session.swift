/// Which session: of whom, with which server, and with which of its brokers.
struct SessionKey: Hashable {
    enum Broker: Int {
        case hub, control
        /// With the hub broker too: of programs that publish and read, and of the replicators.
        case show
    }

    let owner: Node
    let server: Node
    let broker: Broker

    /// Its place in `Site.sessions`.
    var index: Int { owner.index * 6 + server.index * 3 + broker.rawValue }
}

/// A session that comes back by itself, as its owner sees it.
struct Session {
    var isWanted = false
    /// The run of the server that it is open with.
    var serverRun: Int32?
    var connections: Int32 = 0
    /// The connection that has ended, also while its owner hangs and does not know yet: nothing arrives over it any more.
    var endedConnection: Int32?
    /// Counts the attempts to connect; an answer to an older one is void.
    var attempts = 0
    var pause = Span.zero
    /// For how many faults at a time every connection is refused, although the server lives.
    var refusals = 0

    static let firstPause = Span.milliseconds(5)
    static let longestPause = Span.seconds(1)

    /// The pause before the next attempt: none at first, then longer each time.
    mutating func nextPause() -> Span {
        defer { pause = pause == .zero ? Self.firstPause : min(pause * 2, Self.longestPause) }
        return pause
    }
}

/// What the owner of a session learns.
enum SessionChange {
    case opened(serverRun: Int32)
    case closed
    /// An attempt failed: nobody listens there.
    case refused
    /// An attempt failed: nobody answered.
    case unanswered
}
