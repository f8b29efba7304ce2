import FailoverCore
import HubProtocol
import MQTTSession

/// A machine's live session with one hub, whether that hub is followed or not: a session that is warm already is
/// what makes a switch fast.
@SessionLoop
final class HubLink {
    enum Event {
        /// Subscribed, and the server behind the address is known.
        case up
        case down(CloseReason)
        /// An attempt to connect failed.
        case failed(CloseReason)
        case message(Topic, Message)
    }

    /// The server at the other end, once known; kept while the link is down.
    private(set) var hub: MachineName?
    private(set) var isUp = false
    /// The Main server of the hub's site, as its pair record says in this session.
    private(set) var main: MachineName?
    /// What this hub says concerns another site; only its owner can know that. Such a link is not up.
    private(set) var isForeign = false
    /// When a heartbeat of this machine last came back through the hub.
    var lastEcho = ContinuousClock.now

    struct Subscription {
        var filter: String
        /// Without what this machine says itself.
        var noLocal = false
    }

    private let subscriptions: [Subscription]
    private var session: ReconnectingSession!
    var onEvent: @SessionLoop (Event) -> Void = { _ in }
    private var isSubscribed = false
    /// The broker has said, in this session, whose it is.
    private var isIdentified = false
    private let patience = LoopTimer()

    init(
        _ configuration: Session.Configuration, hub: MachineName?, subscriptions: [Subscription]
    ) {
        self.hub = hub
        self.subscriptions = subscriptions
        session = ReconnectingSession(configuration, backoff: .ofHub) { [weak self] event in self?.handle(event) }
    }

    var endpoint: Endpoint { session.endpoint }
    var localAddress: String? { session.session?.localAddress }

    func start() { session.start() }
    func stop() async {
        await withCheckedContinuation { continuation in session.stop { continuation.resume() } }
    }
    func reconnect(to endpoint: Endpoint? = nil) { session.reconnect(to: endpoint) }
    func redirect(to endpoint: Endpoint) { session.redirect(to: endpoint) }
    func name(_ hub: MachineName) { self.hub = self.hub ?? hub }

    /// For the rest of this session.
    func judgeForeign() {
        isForeign = true
        patience.cancel()
        guard isUp else { return }
        isUp = false
        onEvent(.down(.lost("the hub is another site's")))
    }

    /// Does nothing while the link is down: what is retained is published again when it comes up.
    func publish(
        _ topic: Topic, _ payload: [UInt8], quality: QualityOfService = .atLeastOnce, expirySeconds: UInt32? = nil,
        confirmed: Session.Confirmation? = nil
    ) {
        let publication = Publication(
            topic: topic.name, payload: payload, quality: quality, retain: true, expirySeconds: expirySeconds)
        guard let open = session.session else {
            confirmed?(.failure(.notConnected))
            return
        }
        open.publish(publication, confirmed: confirmed)
    }

    private func handle(_ event: ReconnectingSession.Event) {
        switch event {
        case .up: subscribe()
        case .down(let reason):
            let wasUp = isUp
            isUp = false
            isSubscribed = false
            isIdentified = false
            isForeign = false
            main = nil
            patience.cancel()
            // One that is given up on purpose, for another address perhaps, has not failed.
            if wasUp { onEvent(.down(reason)) } else if reason != .requested { onEvent(.failed(reason)) }
        case .message(let message):
            guard let topic = Topic(name: message.topic) else { return }
            if topic == .hubServer, let server = try? HubServer(decoding: message.payload) {
                guard session.session?.isKey(of: server.name.description) ?? false else {
                    return onEvent(.failed(.untrusted(.anotherServersKey)))
                }
                identify(server.name)
            }
            if topic == .hubPair, let pair = try? HubPair(decoding: message.payload) { main = pair.main?.name }
            onEvent(.message(topic, message))
            reportUpWhenReady()
        }
    }

    private func subscribe() {
        lastEcho = .now
        for subscription in subscriptions.dropLast() { subscribe(subscription) }
        // When the last one is answered, what the broker retains for the others has arrived.
        subscribe(subscriptions.last ?? Subscription(filter: Topic.hubActive.name)) { [weak self] result in
            guard let self, case .success = result else { return }
            self.isSubscribed = true
            self.reportUpWhenReady()
            guard !self.isUp else { return }
            self.patience.schedule(after: .seconds(2)) { [weak self] in
                guard let self, !self.isIdentified else { return }
                self.onEvent(.failed(.lost("something answers there, but it is not an Understudy hub")))
            }
        }
    }

    /// With QoS 0: what is lost with a session comes with the next one, which begins empty, and a receipt for each message
    /// would be one more thing to do in a switch.
    private func subscribe(_ subscription: Subscription, confirmed: Session.Confirmation? = nil) {
        session.session?.subscribe(
            subscription.filter, quality: .atMostOnce, noLocal: subscription.noLocal, confirmed: confirmed)
    }

    private func identify(_ name: MachineName) {
        isIdentified = true
        guard hub != name else { return }
        // Another server stands at this address now: the link to the one before is lost.
        if isUp {
            isUp = false
            onEvent(.down(.lost("another server answers at \(endpoint)")))
        }
        hub = name
    }

    private func reportUpWhenReady() {
        guard isSubscribed, isIdentified, !isForeign, !isUp else { return }
        patience.cancel()
        isUp = true
        onEvent(.up)
    }
}
