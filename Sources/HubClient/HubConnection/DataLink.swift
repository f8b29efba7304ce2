import FailoverCore
import HubProtocol
import MQTTSession
import Replication

/// A connection's live session with one hub, whether that hub is followed or not.
@SessionLoop
final class DataLink {
    enum Event {
        /// The server behind the address is known, and what it says of the site has been read.
        case up
        /// No server has ever said there that the hub is its own, and an attempt to reach one has failed.
        case silent
        /// What the readers want has been asked for.
        case reading
        case down
        case active
        case state(HubState)
        case pair(HubPair)
        case confirmed(Confirmation)
        case message(Message)
    }

    var onEvent: @SessionLoop (Event) -> Void = { _ in }
    private(set) var hub: MachineName?
    private(set) var isUp = false
    /// See `Event.silent`.
    private(set) var isSilent = false
    private(set) var site: HubState?
    /// The Main server of the hub's site, as its pair record says in this session.
    private(set) var main: MachineName?
    private(set) var active: HubActive?
    /// Counts the sessions.
    private(set) var connection = 0
    let endpoint: Endpoint
    /// `nil` while it is not known whose hub it is.
    var session: Resumption.Session? { hub.map { Resumption.Session(hub: $0, connection: connection) } }

    var alignment = StreamAlignment<Message>()
    let alignmentTimer = LoopTimer()

    private let publisher: Publisher
    private var reconnecting: ReconnectingSession!
    private var filters: [String]
    private var isAnswered = false
    /// The filters of readers have been sent in this session.
    private var isRequested = false
    private var retained = RetainedState()

    init(
        endpoint: Endpoint, credentials: TLSCredentials?, clientID: String, publisher: Publisher, filters: [String]
    ) {
        self.endpoint = endpoint
        self.publisher = publisher
        self.filters = filters
        reconnecting = ReconnectingSession(
            .init(endpoint: endpoint, credentials: credentials, clientID: clientID), backoff: .ofHub
        ) { [weak self] in self?.handle($0) }
    }

    func start() { reconnecting.start() }

    func stop() async {
        await withCheckedContinuation { continuation in reconnecting.stop { continuation.resume() } }
    }

    func publish(_ publication: Publication, confirmed: Session.Confirmation? = nil) {
        guard let open = reconnecting.session else {
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
        for filter in removed { reconnecting.session?.unsubscribe(filter) }
    }

    /// This hub is followed now. Its readers have what is retained on it already if they read on without a gap; else it is
    /// asked for.
    func takeState(after others: [DataLink]) {
        if retained.followed(after: others.map(\.retained)), isRequested { request(filters) }
    }

    /// Another session was lost, and this one was there to read on.
    func inheritState(of lost: DataLink) { if isUp { retained.inherit(from: lost.retained) } }

    /// Something that is retained here reached no reader, while another hub is followed.
    func missState() { retained.missed() }

    func forgetState() { retained.lost() }

    private func request(_ filters: [String]) {
        for filter in filters {
            retained.asked()
            let asked = connection
            reconnecting.session?.subscribe(filter) { [weak self] _ in
                if let self, self.connection == asked { self.retained.answered() }
            }
        }
    }

    // MARK: - Events

    private func handle(_ event: ReconnectingSession.Event) {
        switch event {
        case .up:
            connection += 1
            (isAnswered, isRequested) = (false, false)
            retained.opened()
            let asked = connection
            let own = [Topic.hubServer, .hubPair, .hubState, .confirmation(publisher), .marker(publisher), .hubActive]
                .map(\.name)
            for filter in own.dropLast() { reconnecting.session?.subscribe(filter) }
            // When the last one is answered, what the broker retains for the others has arrived.
            reconnecting.session?.subscribe(own.last!) { [weak self] _ in
                guard let self, self.connection == asked else { return }
                self.isAnswered = true
                self.reportUpWhenReady()
                self.noteSilence()
            }
        case .down:
            let wasUp = isUp
            isUp = false
            (site, main, active) = (nil, nil, nil)
            if wasUp { onEvent(.down) }
            noteSilence()
        case .message(let message): received(message)
        }
    }

    private func noteSilence() {
        guard hub == nil, !isSilent else { return }
        isSilent = true
        onEvent(.silent)
    }

    private func reportUpWhenReady() {
        guard isAnswered, hub != nil, !isUp else { return }
        isUp = true
        onEvent(.up)
        request(filters)
        isRequested = true
        onEvent(.reading)
    }

    private func received(_ message: Message) {
        // Before what it means: a reader of `hub/active` gets it from the hub that was followed until then.
        onEvent(.message(message))
        guard !Topic.isCopied(message.topic) else { return }
        switch Topic(name: message.topic) {
        case .hubServer:
            guard let server = try? HubServer(decoding: message.payload),
                reconnecting.session?.isKey(of: server.name.description) ?? false
            else { return }
            hub = server.name
            isSilent = false
            reportUpWhenReady()
        case .hubPair:
            guard let pair = try? HubPair(decoding: message.payload) else { return }
            main = pair.main?.name
            onEvent(.pair(pair))
        case .hubState:
            guard let state = try? HubState(decoding: message.payload) else { return }
            site = state
            onEvent(.state(state))
        case .hubActive:
            guard let active = try? HubActive(decoding: message.payload) else { return }
            self.active = active
            onEvent(.active)
        case .confirmation(publisher):
            if let confirmation = try? Confirmation(decoding: message.payload) { onEvent(.confirmed(confirmation)) }
        default: break
        }
    }
}
