import FailoverCore
import HubProtocol
import Logging
import MQTTSession

/// The shell around `Witness`: sessions with both control brokers, for as long as the pair record names this machine.
@SessionLoop
final class WitnessMachine {
    private let identity: WitnessIdentity
    private let secret: String
    private let credentials: TLSCredentials?
    private let ballots: BallotStore
    private let log: Logger
    /// Called with whose heartbeats are heard; `nil` while this machine is no witness.
    var onLinks: @SessionLoop ([MachineName: MachineLinks.State]?) -> Void = { _ in }

    private var witness: Witness
    private var hears: [MachineName: MachineLinks.State] = [:]
    private var sessions: [MachineName: ReconnectingSession] = [:]
    private let timer = LoopTimer()
    private let retry = LoopTimer()

    init(
        _ identity: WitnessIdentity, secret: String, credentials: TLSCredentials?, ballots: BallotStore, log: Logger
    ) {
        ElectionRehearsal.once
        self.identity = identity
        self.secret = secret
        self.credentials = credentials
        self.ballots = ballots
        self.log = log
        witness = Witness(identity: identity, ballot: ballots.ballot, at: .now)
    }

    /// - Parameter endpoint: where a server's control broker is reached from here.
    func serve(
        _ pair: HubPair, endpoint: (_ side: MachineAgent.Side, _ server: ServerAddress) -> Endpoint?
    ) {
        // Between two pairs, while the holder is alone for a moment, the sessions stay warm.
        guard pair.witnesses.contains(identity.name) else {
            if pair.mode == .paired { stop() }
            return
        }
        // A server that is not of this pair any more.
        for name in sessions.keys where name != pair.main?.name && name != pair.backup?.name {
            sessions.removeValue(forKey: name)?.stop()
            hears[name] = nil
        }
        for (side, server) in [(MachineAgent.Side.main, pair.main), (.backup, pair.backup)] {
            guard let server, let endpoint = endpoint(side, server) else { continue }
            connect(server.name, to: endpoint)
        }
    }

    func stop() {
        timer.cancel()
        for session in sessions.values { session.stop() }
        sessions = [:]
        hears = [:]
        onLinks(nil)
    }

    private func connect(_ server: MachineName, to endpoint: Endpoint) {
        if let session = sessions[server] {
            if session.endpoint != endpoint { session.reconnect(to: endpoint) }
            return
        }
        let configuration = Session.Configuration(
            endpoint: endpoint, credentials: credentials, clientID: "\(identity.name)/witness-\(secret)")
        let session = ReconnectingSession(configuration, backoff: .ofElection) { [weak self] in
            self?.handle($0, from: server)
        }
        sessions[server] = session
        session.start()
    }

    private func handle(_ event: ReconnectingSession.Event, from server: MachineName) {
        switch event {
        case .up:
            guard let session = sessions[server]?.session, session.isKey(of: server.description) else {
                return log.warning(
                    "what answers for \(server) has not its key. Check which key that server was started with")
            }
            session.subscribe(TopicFilter.electionHeartbeats)
        case .message(let message):
            guard case .electionHeartbeat = Topic(name: message.topic) else { return }
            do {
                let heartbeat = try ElectionHeartbeat(decoding: message.payload)
                guard heartbeat.sender.name == server else { return }
                note(.up, of: server)
                handle(.heartbeat(heartbeat))
            } catch {
                log.warning("ignored a heartbeat of \(server): \(error)")
            }
        case .down(let reason):
            log.debug("\(server) is not heard any more: \(reason)")
            note(.lost, of: server)
            handle(.linkClosed(server, refused: reason == .connectionRefused))
        }
    }

    /// Without its disk it does not vote; the others may. It tries again.
    private func write(_ ballot: Ballot) {
        ballots.write(ballot) { error in
            Task { @SessionLoop [weak self] in
                guard let error else {
                    self?.handle(.stored(ballot))
                    return
                }
                self?.log.error("\(error)")
                self?.retry.schedule(after: .seconds(1)) { [weak self] in self?.write(ballot) }
            }
        }
    }

    private func note(_ state: MachineLinks.State, of server: MachineName) {
        guard sessions[server] != nil, hears.updateValue(state, forKey: server) != state else { return }
        onLinks(hears)
    }

    private func handle(_ event: Witness.Event) {
        for directive in witness.handle(event, at: .now) {
            switch directive {
            case .store(let ballot):
                write(ballot)
            case .send(let vote):
                let topic = Topic.electionVote(candidate: vote.candidate, witness: identity.name)
                log.debug("votes for \(vote.candidate), from epoch \(vote.from)")
                sessions[vote.candidate]?.session?.publish(
                    Publication(topic: topic.name, payload: vote.encoded, quality: .atMostOnce))
            }
        }
        timer.schedule(after: max(.zero, witness.nextDeadline - .now)) { [weak self] in self?.handle(.timePassed) }
    }
}
