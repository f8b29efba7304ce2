import FailoverCore
import HubClient
import HubProtocol
import Logging
import MQTTSession

/// The ways to the other server: the machine agent's to its hub, and from there those of the replicator and of the
/// election, to its control broker.
@SessionLoop
final class PeerLink {
    var onEvent: @SessionLoop (Coordinator.Event) -> Void = { _ in }
    /// What answers there cannot be the other server of this pair.
    var onWrongServer: @SessionLoop (ServerError) -> Void = { _ in }

    private let identity: Coordinator.Identity
    private let secret: String
    private let credentials: TLSCredentials?
    private let agent: MachineAgent
    private let replicator: ServerReplicator
    private let log: Logger
    private let side: MachineAgent.Side
    /// Where the other server's hub may be reached: at the address that it gives itself, or at the one that the operator
    /// knows. One after the other is tried.
    private var ways: [Endpoint] = []
    private var control: ReconnectingSession?
    /// Whether its keys and this server's do not go together.
    private(set) var keysDiffer = false
    private var refusal: CloseReason?
    /// What was complained of, once.
    private var strangers: Set<MachineName> = []

    init(
        _ identity: Coordinator.Identity, secret: String, credentials: TLSCredentials?, agent: MachineAgent,
        replicator: ServerReplicator, log: Logger
    ) {
        (self.identity, self.secret, self.credentials) = (identity, secret, credentials)
        (self.agent, self.replicator, self.log) = (agent, replicator, log)
        side = identity.role == .main ? .backup : .main
    }

    /// Of the other server, as soon as it was met.
    var name: MachineName? { agent.hub(at: side) }

    var isWanted: Bool { !ways.isEmpty }

    /// Connects there, and stays connected. A way that is in use and among these stays in use.
    func connect(to ways: [Endpoint]) {
        guard ways != self.ways, let first = ways.first else { return }
        self.ways = ways
        if agent.endpoint(of: side).map({ !ways.contains($0) }) ?? true { agent.connect(side, to: first) }
    }

    /// Says goodbye to a server that is no part of the pair any more. What it says in the election is heard on: it may have
    /// granted its removal too late, or be forced to act.
    func disconnect() {
        guard isWanted else { return }
        ways = []
        replicator.disconnect()
        agent.disconnect(side)
    }

    func stop() {
        control?.stop()
        control = nil
    }

    /// The other server has said who it is, and where its control broker listens.
    ///
    /// - Parameter partner: who it must be, where that is known.
    /// - Returns: whether it can be the other server of this pair.
    func met(_ server: HubServer, partner: MachineName?) -> Bool {
        guard isWanted, let endpoint = agent.endpoint(of: side), case .tcp(let host, _) = endpoint else { return false }
        (keysDiffer, refusal) = (false, nil)
        if let error = fault(of: server, at: "\(endpoint)", partner: partner) {
            if strangers.insert(server.name).inserted { onWrongServer(error) }
            // There may be a way that is right.
            if let other = ways.first(where: { $0 != endpoint }) {
                ways.removeAll { $0 == endpoint }
                agent.connect(side, to: other)
            }
            return false
        }
        replicator.connect(to: endpoint)
        connectControl(to: server, at: host)
        return true
    }

    private func connectControl(to server: HubServer, at host: String) {
        let controlEndpoint = Endpoint.tcp(host: host, port: server.controlPort)
        if let control {
            if control.endpoint != controlEndpoint { control.reconnect(to: controlEndpoint) }
            return
        }
        let will = Publication(
            topic: Topic.electionWill(identity.address.name).name,
            payload: ElectionWill(session: identity.session).encoded)
        control = ReconnectingSession(
            .init(
                endpoint: controlEndpoint, credentials: credentials,
                clientID: "\(identity.address.name)/election-\(secret)", will: will),
            backoff: .ofElection
        ) { [weak self] in self?.handle($0) }
        control?.start()
    }

    private func fault(of server: HubServer, at address: String, partner: MachineName?) -> ServerError? {
        if server.session == identity.session || server.name == identity.address.name {
            return .sameServer(address: address)
        }
        if server.role == identity.role {
            return .sameRole(role: server.role, other: server.name, address: address)
        }
        if let partner, partner != server.name {
            return .otherServer(found: server.name, address: address, partner: partner)
        }
        if identity.role == .main, let main = server.main, main != identity.address.name {
            return .otherPair(backup: server.name, address: address, main: main)
        }
        return nil
    }

    /// An attempt to reach its hub failed.
    func unreachable(_ reason: CloseReason) {
        guard let tried = agent.endpoint(of: side) else { return }
        keysDiffer = reason.isOfKeys
        if keysDiffer, refusal != reason { log.warning("the other server, \(tried): \(reason)") }
        refusal = reason
        if reason == .connectionRefused, control == nil { onEvent(.linkRefused) }
        if let other = ways.first(where: { $0 != tried }) { agent.redirect(side, to: other) }
    }

    /// On its control broker.
    private func handle(_ event: ReconnectingSession.Event) {
        switch event {
        case .up:
            control?.session?.subscribe(TopicFilter.electionHeartbeats)
            onEvent(.linkOpened)
        case .message(let message):
            guard case .electionHeartbeat = Topic(name: message.topic) else { return }
            do {
                let heartbeat = try ElectionHeartbeat(decoding: message.payload)
                guard control?.session?.isKey(of: heartbeat.sender.name.description) ?? false else { return }
                onEvent(.heartbeat(heartbeat))
            } catch {
                log.warning("ignored a heartbeat: \(error)")
            }
        case .down(let reason):
            log.debug("\(name?.description ?? "the other server") is not heard any more: \(reason)")
            onEvent(reason == .connectionRefused ? .linkRefused : .linkClosed)
        }
    }
}
