/// A session that comes back by itself, with bounded backoff and jitter, for as long as its owner wants it.
@SessionLoop
public final class ReconnectingSession {
    public enum Event: Sendable {
        /// Nothing is subscribed yet: a new session begins empty.
        case up
        case message(Message)
        /// An open session ended, or an attempt to open one failed.
        case down(CloseReason)
    }

    private let onEvent: @SessionLoop (Event) -> Void
    private var configuration: Session.Configuration
    private var backoff: Backoff
    private var current: Session?
    private let pause = LoopTimer()
    /// Of the next pause, drawn while there is time.
    private var jitter = 0.0
    private var isWanted = false
    private var openedAt: ContinuousClock.Instant?
    /// Sessions in a row that ended soon. Two machines that throw each other off a broker must not do so at full speed.
    private var shortSessions = 0
    private static let isShort = Duration.milliseconds(250)
    private static let mostShortSessions = 3
    private var whenClosed: [@SessionLoop () -> Void] = []

    public init(
        _ configuration: Session.Configuration, backoff: Backoff = Backoff(),
        onEvent: @escaping @SessionLoop (Event) -> Void
    ) {
        self.configuration = configuration
        self.backoff = backoff
        self.onEvent = onEvent
    }

    /// The open session, if there is one.
    public var session: Session? { current?.isOpen == true ? current : nil }

    public var endpoint: Endpoint { configuration.endpoint }

    public func start() {
        guard !isWanted else { return }
        isWanted = true
        connect()
    }

    /// Ends in good order: the will is not published, and nothing is reported any more.
    ///
    /// - Parameter closed: called when the broker has seen it, within about a second.
    public func stop(closed: @escaping @SessionLoop () -> Void = {}) {
        isWanted = false
        pause.cancel()
        guard let current else { return closed() }
        whenClosed.append(closed)
        current.close()
    }

    /// Gives the present session up, as for a broker that does not answer any more, and connects anew.
    public func reconnect(to endpoint: Endpoint? = nil) {
        guard isWanted else { return }
        if let endpoint { configuration.endpoint = endpoint }
        backoff.reset()
        let old = current
        current = nil
        if old?.isOpen == true { onEvent(.down(.requested)) }
        old?.close()
        connect()
    }

    /// The next attempt goes there; the present session, if there is one, stays.
    public func redirect(to endpoint: Endpoint) { configuration.endpoint = endpoint }

    private func connect() {
        pause.cancel()
        jitter = .random(in: 0...1)
        // Weak: a session that was given up goes on closing, and has nothing more to say here.
        weak var weakSession: Session?
        let session = Session(configuration) { [weak self] event in
            guard let self, let session = weakSession, self.current === session else { return }
            if self.isWanted {
                self.handle(event)
            } else if case .closed = event {
                self.current = nil
                let waiting = self.whenClosed
                self.whenClosed = []
                for closed in waiting { closed() }
            }
        }
        weakSession = session
        current = session
        session.open()
    }

    private func handle(_ event: Session.Event) {
        switch event {
        case .opened:
            openedAt = .now
            if shortSessions < Self.mostShortSessions { backoff.reset() }
            onEvent(.up)
        case .message(let message): onEvent(.message(message))
        case .closed(let reason):
            current = nil
            if let openedAt {
                let lasted = ContinuousClock.now - openedAt
                shortSessions = lasted < Self.isShort ? shortSessions + 1 : 0
                if shortSessions == 0 { backoff.reset() }
            }
            openedAt = nil
            onEvent(.down(reason))
            guard isWanted, current == nil else { return }
            let span = backoff.pause(jitter: jitter, wasRefused: reason == .connectionRefused)
            pause.schedule(after: span) { [weak self] in self?.connect() }
        }
    }
}
