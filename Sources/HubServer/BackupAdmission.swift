import Discovery
import FailoverCore
import HubClient
import HubProtocol
import MQTTSession

/// Finds the server that an operator wants for the Backup, sees whether it can be that, and asks it to join. Until it
/// has joined nothing is changed anywhere.
@SessionLoop
struct BackupAdmission {
    struct Candidate: Sendable {
        var server: HubServer
        /// Where it was reached; it may not know that way itself.
        var endpoint: Endpoint
        /// It has begun anew, as this server's Backup.
        var isReady = false

        var address: ServerAddress {
            ServerAddress(
                name: server.name, address: server.address, port: server.port, controlPort: server.controlPort)
        }
    }

    /// The Main server that it is for.
    let own: Coordinator.Identity
    let licenses: ServerLicenses
    let credentials: TLSCredentials?

    private static let patience = Duration.seconds(5)

    /// - Parameter isTaken: whether another machine of this site has the name.
    func find(
        _ command: BackupAddCommand, isTaken: (HubServer) -> Bool
    ) async throws(CommandResponse) -> Candidate {
        let endpoint = try await endpoint(of: command)
        let server = try await look(at: endpoint)
        guard server.session != own.session else {
            throw .refused(
                .sameMachine, "\(endpoint) is this very server. Main and Backup must be two servers.")
        }
        guard server.role == .backup else {
            throw .refused(
                .unknownMachine,
                "\(server.name) at \(endpoint) is a Main server. Start it as a Backup (--role backup), or give another one."
            )
        }
        guard server.name != own.address.name, !isTaken(server) else {
            throw .refused(
                .nameTaken,
                "a machine of this site is named \(server.name) already. Give the one at \(endpoint) another --name.")
        }
        if let main = server.main, main != own.address.name {
            throw .refused(
                .alreadyPaired,
                "\(server.name) is the Backup of \(main). Remove it there first (understudy backup remove), or give another one. If that site is gone for good, start \(server.name) with a new data folder (--data)."
            )
        }
        if let refusal = await licenses.refusal(with: server) { throw .refused(refusal.code, refusal.sentence) }
        return Candidate(server: server, endpoint: endpoint)
    }

    private func endpoint(of command: BackupAddCommand) async throws(CommandResponse) -> Endpoint {
        guard let name = command.machine else {
            return .tcp(host: command.address ?? "", port: command.port ?? Endpoint.defaultPort)
        }
        let found: [DiscoveredServer]
        do {
            found = try await ServerBrowser.look().filter { $0.name == name }
        } catch {
            throw .refused(.unknownMachine, "\(name) cannot be looked up: \(error)")
        }
        guard let one = found.first else {
            throw .refused(
                .unknownMachine,
                "no server announces itself as \(name) on this network. See understudy discover, or give its address.")
        }
        guard found.count == 1 else {
            let addresses = found.prefix(5).map { "\($0.address):\($0.port)" }.joined(separator: ", ")
            throw .refused(
                .unknownMachine, "several servers announce themselves as \(name): \(addresses). Give an address.")
        }
        return .tcp(host: one.address, port: one.port)
    }

    private func look(at endpoint: Endpoint) async throws(CommandResponse) -> HubServer {
        var views = SiteObserver.views(
            of: [endpoint], credentials: credentials, findsOthers: false, patience: Self.patience
        ).makeAsyncIterator()
        let seen = await views.next(isolation: #isolation)
        if let server = seen?.hubs[endpoint]?.server { return server }
        if case .failed(let reason) = seen?.reach[endpoint], reason.isOfKeys {
            throw .refused(.keysDiffer, "the server at \(endpoint) cannot be the Backup here: \(reason).")
        }
        let cause =
            switch seen?.reach[endpoint] {
            case .reached: "something answers there, but it is not an Understudy server"
            case .failed(let reason): "\(reason)"
            case .connecting, nil: "nothing answers there"
            }
        throw .refused(
            .unreachable,
            "no Backup server could be reached at \(endpoint): \(cause). Check the address, and that the server runs.")
    }

    /// It agrees, and then begins anew as this server's.
    ///
    /// - Parameter epoch: of this server's record.
    func invite(_ candidate: Candidate, epoch: Epoch) async throws(CommandResponse) {
        let invitation = PairJoinCommand(main: own.address, epoch: epoch, license: licenses.token)
        do {
            try await CommandSession.give(
                .pairJoin, invitation, as: own.address.name, to: candidate.endpoint, credentials: credentials,
                within: Self.patience)
        } catch let response as CommandResponse {
            throw response
        } catch CommandSession.Failure.noAnswer {
            // Perhaps it has begun anew already.
        } catch {
            throw .refused(.unreachable, "\(candidate.server.name) could not be asked to join: \(error)")
        }
    }

    /// What its former run says concerns nobody here, and its epochs least of all.
    ///
    /// - Returns: whether the new run is there.
    func newRun(of candidate: Candidate, within patience: Duration) async -> Bool {
        let (runs, continuation) = AsyncStream.makeStream(of: Void.self)
        let endpoint = candidate.endpoint
        let observer = SiteObserver(hubs: [endpoint], credentials: credentials, findsOthers: false) { view in
            guard let server = view.hubs[endpoint]?.server else { return }
            if server.name == candidate.server.name, server.session != candidate.server.session { continuation.yield() }
        }
        let deadline = LoopTimer()
        deadline.schedule(after: patience) { continuation.finish() }
        var found = runs.makeAsyncIterator()
        let isThere = await found.next(isolation: #isolation) != nil
        deadline.cancel()
        observer.stop()
        return isThere
    }
}
