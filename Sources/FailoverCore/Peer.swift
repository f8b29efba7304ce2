/// What made a server count the other one as lost.
public enum Evidence: Hashable, Sendable {
    /// The session with its control broker closed and a new one was refused: its process is gone.
    case refused
    /// Its last will, on this server's control broker, together with the closed session.
    case will
    /// It said so itself.
    case leaving
    /// Nothing was heard for this long.
    case silence(Duration)

    /// One sentence for the history and the log.
    public var sentence: String {
        switch self {
        case .refused: "its session closed and the reconnect was refused"
        case .will: "its last will arrived and its session closed"
        case .leaving: "it announced its stop"
        case .silence(let span): "no heartbeat for \(span.inNanoseconds / 1_000_000) ms"
        }
    }
}

/// The other server, as seen from here.
struct Peer: Hashable, Sendable {
    /// The session with the other server's control broker.
    enum Link: Hashable, Sendable {
        case neverOpened, open, closed, refused
    }

    private(set) var latest: ElectionHeartbeat?
    private(set) var link = Link.neverOpened
    private(set) var willArrived = false
    /// When the newest heartbeat arrived.
    private(set) var lastHeard: MonotonicTime?
    /// Silence counts from here: the newest heartbeat, or the moment at which this server itself woke up.
    private(set) var silentFrom: MonotonicTime?
    /// Since when both servers have heard each other without a break.
    private(set) var healthySince: MonotonicTime?

    mutating func heard(_ heartbeat: ElectionHeartbeat, echoing session: String, at now: MonotonicTime) {
        if heartbeat.session != latest?.session {
            healthySince = nil
            willArrived = false
        }
        latest = heartbeat
        lastHeard = now
        silentFrom = now
        link = .open
        if heartbeat.echo?.session == session {
            healthySince = healthySince ?? now
        } else {
            healthySince = nil
        }
    }

    mutating func linkOpened() { link = .open }

    mutating func linkClosed(refused: Bool) {
        link = refused ? .refused : .closed
        healthySince = nil
    }

    /// A will of an earlier session is ignored.
    mutating func will(ofSession session: String) {
        if session == latest?.session { willArrived = true }
    }

    /// This server was not scheduled itself, so silence before `now` says nothing of the other one (rule 12).
    mutating func distrustSilence(before now: MonotonicTime) {
        if silentFrom != nil { silentFrom = now }
    }

    mutating func forgetHealthIfLost(at now: MonotonicTime, silence: Duration) {
        if lost(at: now, silence: silence) != nil { healthySince = nil }
    }

    /// Why the other server counts as lost, or `nil` while it lives or was never heard.
    func lost(at now: MonotonicTime, silence: Duration) -> Evidence? {
        guard let latest, let silentFrom else { return nil }
        if latest.isLeaving { return .leaving }
        if link == .refused { return .refused }
        if willArrived, link == .closed { return .will }
        let span = now - silentFrom
        return span >= silence ? .silence(span) : nil
    }
}
