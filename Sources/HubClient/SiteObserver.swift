import FailoverCore
import HubProtocol
import Logging
import MQTTSession

/// Looks at a site without being one of its machines: reads all hubs that it is told of, and those that they name.
@SessionLoop
public final class SiteObserver {
    public private(set) var view = SiteView()

    /// Whose site is looked at: the server that first answered at the first address.
    private let first: Endpoint?
    private var firstServer: MachineName?
    private let findsOthers: Bool
    private let credentials: TLSCredentials?
    private let onHeard: @SessionLoop (SiteView) -> Void
    private var sessions: [Endpoint: ReconnectingSession] = [:]

    /// - Parameters:
    ///   - hubs: where they lead to two sites, the first one counts.
    ///   - findsOthers: whether the hubs that these ones name are read, too.
    ///   - onChange: called after every message and every change of a link.
    public init(
        hubs: [Endpoint], credentials: TLSCredentials?, findsOthers: Bool = true,
        onChange: @escaping @SessionLoop (SiteView) -> Void = { _ in }
    ) {
        first = hubs.first
        self.findsOthers = findsOthers
        self.credentials = credentials
        onHeard = onChange
        // All of them are on their way before the first one can fail.
        for hub in hubs { view.reach[hub] = .connecting }
        for hub in hubs { observe(hub) }
    }

    public func stop() {
        for session in sessions.values { session.stop() }
        sessions = [:]
    }

    /// The site as it is seen from now on: the first value when every hub has answered or failed, or `patience` has
    /// passed, then one after every change. Values that nobody has read yet are replaced by newer ones.
    public nonisolated static func views(
        of hubs: [Endpoint], credentials: TLSCredentials? = nil, findsOthers: Bool = true,
        patience: Duration = .seconds(3)
    ) -> AsyncStream<SiteView> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            Task { @SessionLoop in
                let deadline = LoopTimer()
                var isFirstDone = false
                let observer = SiteObserver(hubs: hubs, credentials: credentials, findsOthers: findsOthers) { view in
                    isFirstDone = isFirstDone || view.isSettled
                    if isFirstDone { continuation.yield(view) }
                }
                deadline.schedule(after: patience) {
                    isFirstDone = true
                    continuation.yield(observer.view)
                }
                continuation.onTermination = { _ in
                    Task { @SessionLoop in
                        deadline.cancel()
                        observer.stop()
                    }
                }
            }
        }
    }

    private func observe(_ endpoint: Endpoint) {
        guard sessions[endpoint] == nil else { return }
        view.reach[endpoint] = .connecting
        let configuration = Session.Configuration(
            endpoint: endpoint, credentials: credentials, clientID: "observer-\(UInt64.random(in: 0 ... .max))")
        let session = ReconnectingSession(configuration) { [weak self] in self?.handle($0, from: endpoint) }
        sessions[endpoint] = session
        session.start()
    }

    private func handle(_ event: ReconnectingSession.Event, from endpoint: Endpoint) {
        switch event {
        case .up:
            view.hubs[endpoint] = HubView()
            let session = sessions[endpoint]?.session
            // QoS 0: a snapshot then comes as one burst, before the answer to the last subscription.
            session?.subscribe(TopicFilter.everyMachine, quality: .atMostOnce)
            session?.subscribe(TopicFilter.hub, quality: .atMostOnce)
            session?.subscribe(TopicFilter.hub, quality: .atMostOnce) { [weak self] result in
                guard let self, case .success = result else { return }
                self.view.reach[endpoint] = .reached
                self.tellNews()
            }
        case .message(let message):
            guard isTrue(message, from: endpoint) else {
                sessions[endpoint]?.stop()
                view.hubs[endpoint] = nil
                view.reach[endpoint] = .failed(.untrusted(.anotherServersKey))
                return tellNews()
            }
            let topic = Topic(name: message.topic)
            view.hubs[endpoint, default: HubView()].apply(topic, message, at: .now)
            if case .machine(_, .heartbeat) = topic {
                if view.reach[endpoint] == .reached { onHeard(view) }
                return
            }
            if endpoint == first { learnSite() }
            observeNamedServers(of: endpoint)
            if view.reach[endpoint] == .reached { tellNews() }
        case .down(let reason):
            view.reach[endpoint] = .failed(reason)
            tellNews()
        }
    }

    private func tellNews() {
        view.news += 1
        onHeard(view)
    }

    /// Whether it is no server's word on who it is, or that of the one whose key it has.
    private func isTrue(_ message: Message, from endpoint: Endpoint) -> Bool {
        guard message.topic == Topic.hubServer.name, let server = try? HubServer(decoding: message.payload) else {
            return true
        }
        return sessions[endpoint]?.session?.isKey(of: server.name.description) ?? true
    }

    /// That server may join another site. Another one that takes over its address changes nothing.
    private func learnSite() {
        guard let hub = first.flatMap({ view.hubs[$0] }), let server = hub.server?.name,
            let main = hub.pair?.main?.name,
            firstServer ?? server == server
        else { return }
        firstServer = server
        view.main = main
    }

    /// The pair names both servers, so that one address is enough to see the whole site.
    private func observeNamedServers(of endpoint: Endpoint) {
        guard findsOthers, let hub = view.hubs[endpoint], let pair = hub.pair, !view.isForeign(hub) else { return }
        let known = Set(view.hubs.values.compactMap { $0.server?.name })
        for server in [pair.main, pair.backup].compactMap({ $0 })
        where server.name != hub.server?.name && !known.contains(server.name) {
            observe(server.endpoint)
        }
    }
}
