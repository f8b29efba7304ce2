/// What made a server count another one as lost, or ask to take its place.
public enum Evidence: Hashable, Sendable {
    /// The session with its control broker closed and a new one was refused: its process is gone.
    case refused
    /// Its last will, on this server's control broker, together with the closed session.
    case will
    /// It said so itself.
    case leaving
    /// It asks to be relieved, and says why.
    case handsOver(ElectionHeartbeat.HandOver)
    /// Another run of it speaks.
    case restarted
    /// Nothing was heard for this long.
    case silence(Duration)

    /// One sentence for the history and the log.
    public var sentence: String {
        switch self {
        case .refused: "its session closed and the reconnect was refused"
        case .will: "its last will arrived and its session closed"
        case .leaving: "it announced its stop"
        case .handsOver(let wish): wish.by.map { "\($0) ordered it" } ?? "it asked to be relieved"
        case .restarted: "it was restarted"
        case .silence(let span): "no heartbeat for \(span.inNanoseconds / 1_000_000) ms"
        }
    }
}

/// A server, as another machine hears it on its control broker.
struct Peer: Hashable, Sendable {
    enum Link: Hashable, Sendable {
        case neverOpened, open, closed, refused
    }

    private(set) var latest: ElectionHeartbeat?
    private(set) var link = Link.neverOpened
    private(set) var willArrived = false
    /// When the newest heartbeat arrived.
    private(set) var lastHeard: MonotonicTime?
    /// Silence counts from here: the newest heartbeat, or the moment at which the listener itself woke up.
    private(set) var silentFrom: MonotonicTime?
    /// Since when both servers have heard each other without a break.
    private(set) var healthySince: MonotonicTime?

    /// Takes a heartbeat, unless a newer one of the same run was taken before.
    mutating func heard(_ heartbeat: ElectionHeartbeat, echoing session: String?, at now: MonotonicTime) {
        if let latest, latest.session == heartbeat.session, heartbeat.sentAt < latest.sentAt { return }
        if heartbeat.session != latest?.session { healthySince = nil }
        // Whatever ended that session, the server lives.
        willArrived = false
        latest = heartbeat
        lastHeard = now
        silentFrom = now
        link = .open
        healthySince = heartbeat.echo?.session == session ? healthySince ?? now : nil
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

    /// The listener was not scheduled itself, so silence before `now` says nothing of this server (rule 12).
    mutating func distrustSilence(before now: MonotonicTime) {
        if silentFrom != nil { silentFrom = now }
    }

    mutating func forgetHealthIfLost(at now: MonotonicTime, silence: Duration) {
        if lost(at: now, silence: silence) != nil { healthySince = nil }
    }

    /// The run whose session closed, and whose address then refused a connection.
    var goneSession: String? { link == .refused ? latest?.session : nil }

    /// Why this server counts as lost, or `nil` while it lives or was never heard.
    func lost(at now: MonotonicTime, silence: Duration) -> Evidence? {
        guard let latest, let silentFrom else { return nil }
        if latest.isLeaving { return .leaving }
        if link == .refused { return .refused }
        if willArrived, link == .closed { return .will }
        let span = now - silentFrom
        return span >= silence ? .silence(span) : nil
    }
}
