import FailoverCore
import HubProtocol
import MQTTSession

/// A connection's live session with one hub, whether that hub is followed or not.
@SessionLoop
final class DataLink {
    enum Event {
        /// The server behind the address is known, and what it says of the site has been read.
        case up
        case down
        case active(HubActive)
        case state(HubState)
        case pair(HubPair)
        case confirmed(Confirmation)
        case message(Message)
    }

    var onEvent: @SessionLoop (Event) -> Void = { _ in }
    private(set) var hub: MachineName?
    private(set) var isUp = false
    private(set) var site: HubState?
    /// Counts the sessions.
    private(set) var connection = 0
    let endpoint: Endpoint

    private let publisher: Publisher
    private var session: ReconnectingSession!
    private var filters: [String]
    private var isAnswered = false
    /// The filters of readers have been sent in this session.
    private var isRequested = false
    private var unanswered = 0
    /// All that is retained there has reached the readers, through this session or through the one before it.
    private var hasState = false

    init(endpoint: Endpoint, clientID: String, publisher: Publisher, filters: [String]) {
        self.endpoint = endpoint
        self.publisher = publisher
        self.filters = filters
        session = ReconnectingSession(.init(endpoint: endpoint, clientID: clientID), backoff: .ofHub) {
            [weak self] in self?.handle($0)
        }
    }

    func start() { session.start() }

    func stop() async {
        await withCheckedContinuation { continuation in session.stop { continuation.resume() } }
    }

    func publish(_ publication: Publication, confirmed: Session.Confirmation? = nil) {
        guard let open = session.session else {
            confirmed?(.failure(.notConnected))
            return
        }
        open.publish(publication, confirmed: confirmed)
    }

    // MARK: - Subscriptions

    func subscribe(_ added: [String]) {
        for filter in added where !filters.contains(filter) { filters.append(filter) }
        // Also one that stands already: its new reader wants what is retained.
        if isUp { request(added) }
    }

    func unsubscribe(_ removed: [String]) {
        filters.removeAll { removed.contains($0) }
        for filter in removed { session.session?.unsubscribe(filter) }
    }

    /// This hub is followed now. Its readers have what is retained on it already if they read on without a gap; else it is
    /// asked for.
    func takeState(after others: [DataLink]) {
        guard !hasState else { return }
        let isContinued = unanswered == 0 && others.contains { $0.hasState }
        hasState = true
        if isRequested, !isContinued { request(filters) }
    }

    /// Another session was lost, and this one was there to read on.
    func inheritState(of lost: DataLink) { if isUp, unanswered == 0, lost.hasState { hasState = true } }

    func forgetState() { hasState = false }

    private func request(_ filters: [String]) {
        for filter in filters {
            unanswered += 1
            let asked = connection
            session.session?.subscribe(filter) { [weak self] _ in
                if let self, self.connection == asked { self.unanswered -= 1 }
            }
        }
    }

    // MARK: - Events

    private func handle(_ event: ReconnectingSession.Event) {
        switch event {
        case .up:
            connection += 1
            (isAnswered, isRequested, unanswered) = (false, false, 0)
            let asked = connection
            let own = [Topic.hubServer, .hubPair, .hubState, .confirmation(publisher), .hubActive].map(\.name)
            for filter in own.dropLast() { session.session?.subscribe(filter) }
            // When the last one is answered, what the broker retains for the others has arrived.
            session.session?.subscribe(own.last!) { [weak self] _ in
                guard let self, self.connection == asked else { return }
                self.isAnswered = true
                self.reportUpWhenReady()
            }
        case .down:
            let wasUp = isUp
            isUp = false
            site = nil
            if wasUp { onEvent(.down) }
        case .message(let message): received(message)
        }
    }

    private func reportUpWhenReady() {
        guard isAnswered, hub != nil, !isUp else { return }
        isUp = true
        onEvent(.up)
        request(filters)
        isRequested = true
    }

    private func received(_ message: Message) {
        // Before what it means: a reader of `hub/active` gets it from the hub that was followed until then.
        onEvent(.message(message))
        guard !Topic.isCopied(message.topic) else { return }
        switch Topic(name: message.topic) {
        case .hubServer:
            guard let server = try? HubServer(decoding: message.payload) else { return }
            hub = server.name
            reportUpWhenReady()
        case .hubPair: if let pair = try? HubPair(decoding: message.payload) { onEvent(.pair(pair)) }
        case .hubState:
            guard let state = try? HubState(decoding: message.payload) else { return }
            site = state
            onEvent(.state(state))
        case .hubActive: if let active = try? HubActive(decoding: message.payload) { onEvent(.active(active)) }
        case .confirmation(publisher):
            if let confirmation = try? Confirmation(decoding: message.payload) { onEvent(.confirmed(confirmation)) }
        default: break
        }
    }
}
