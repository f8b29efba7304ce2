import FailoverCore
import HubProtocol
import LocalState
import MQTTSession

/// Gives one command to a hub, and waits for its answer.
@SessionLoop
public final class CommandSession {
    public enum Failure: Error, CustomStringConvertible {
        case unreachable(Endpoint, CloseReason)
        /// The command was handed over, and nobody knows what became of it.
        case noAnswer(Endpoint)
        case refused(RequestError)

        public var description: String {
            switch self {
            case .unreachable(let endpoint, let reason): "no hub could be reached: \(endpoint): \(reason)"
            case .noAnswer(let endpoint):
                "the hub at \(endpoint) was given the command and did not answer. Look at the site with "
                    + "understudy status before you try again."
            case .refused(let error): "the command was not taken: \(error)"
            }
        }
    }

    private let endpoint: Endpoint
    private let credentials: TLSCredentials?
    private let user: MachineName
    private let permission: Int?
    private let topic: Topic
    private let payload: [UInt8]
    private let identifier = Identifier.random()
    private var session: Session?
    private var wasSent = false
    private var waiter: CheckedContinuation<CommandResponse, any Error>?

    private init(
        _ topic: Topic, _ payload: [UInt8], user: MachineName, permission: Int?, to endpoint: Endpoint,
        credentials: TLSCredentials?
    ) {
        self.topic = topic
        self.payload = payload
        self.user = user
        self.permission = permission
        self.endpoint = endpoint
        self.credentials = credentials
    }

    /// - Parameter patience: longer than `Timing.orderPatience`, the longest that a server takes.
    /// - Returns: what the site says of it.
    /// - Throws: `Failure`; `CommandResponse` where the site refused; `CancellationError`.
    @discardableResult
    public static func give(
        _ command: Topic.Command, _ payload: some Payload, as user: MachineName, to endpoint: Endpoint,
        credentials: TLSCredentials? = nil, within patience: Duration = .seconds(15)
    ) async throws -> CommandResponse {
        let command = CommandSession(
            .command(user: user, command), payload.encoded, user: user, permission: nil, to: endpoint,
            credentials: credentials)
        let response = try await command.run(within: patience)
        guard response.status == .ok else { throw response }
        return response
    }

    /// Passes a user's command on: through a server's private door, where nobody else vouches for the user, or with the
    /// user's own key.
    ///
    /// - Parameters:
    ///   - payload: as it came; the server judges it.
    ///   - permission: at a private door the level that the user's certificate says; `nil`: the site has no keys, or the
    ///     broker reads it from `credentials`.
    ///   - patience: see `give`.
    /// - Returns: what the server answered, a refusal as well.
    /// - Throws: `Failure`; `CancellationError`.
    public static func pass(
        _ command: Topic.Command, _ payload: [UInt8], of user: MachineName, permission: Int?,
        to endpoint: Endpoint, credentials: TLSCredentials? = nil, within patience: Duration
    ) async throws -> CommandResponse {
        let command = CommandSession(
            .command(user: user, command), payload, user: user, permission: permission, to: endpoint,
            credentials: credentials)
        return try await command.run(within: patience)
    }

    private func run(within patience: Duration) async throws -> CommandResponse {
        let session = Session(
            .init(endpoint: endpoint, credentials: credentials, clientID: "\(user)/command-\(identifier)")
        ) { [weak self] in self?.handle($0) }
        self.session = session
        let deadline = LoopTimer()
        deadline.schedule(after: patience) { session.close() }
        defer { deadline.cancel() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                waiter = continuation
                if Task.isCancelled { finish(.failure(CancellationError())) } else { session.open() }
            }
        } onCancel: {
            Task { @SessionLoop in self.finish(.failure(CancellationError())) }
        }
    }

    private var responseTopic: String { "responses/\(user)/\(identifier)" }

    private func handle(_ event: Session.Event) {
        switch event {
        case .opened:
            session?.subscribe(responseTopic) { [weak self] in self?.subscribed($0) }
        case .message(let message):
            guard message.topic == responseTopic, message.correlationData == Array(identifier.utf8),
                let response = try? CommandResponse(decoding: message.payload)
            else { return }
            finish(.success(response))
        case .closed(let reason):
            finish(.failure(wasSent ? Failure.noAnswer(endpoint) : .unreachable(endpoint, reason)))
        }
    }

    private func subscribed(_ result: Result<Void, RequestError>) {
        if case .failure(let error) = result { return finish(.failure(Failure.refused(error))) }
        wasSent = true
        var publication = Publication(
            topic: topic.name, payload: payload, responseTopic: responseTopic, correlationData: Array(identifier.utf8))
        publication.userProperties =
            permission.map { [UserProperty(name: MessageProperty.permission, value: "\($0)")] } ?? []
        session?.publish(publication) { [weak self] in
            if case .failure(.refused(let code)) = $0 { self?.finish(.failure(Failure.refused(.refused(code: code)))) }
        }
    }

    private func finish(_ result: Result<CommandResponse, any Error>) {
        guard let waiter else { return }
        self.waiter = nil
        waiter.resume(with: result)
        session?.close()
    }
}
