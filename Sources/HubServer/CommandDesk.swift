import FailoverCore
import HubProtocol
import Logging
import MQTTSession

/// Takes users' commands from the own hub broker, has them carried out, one at a time, and answers each one once.
@SessionLoop
final class CommandDesk {
    /// What a user wants.
    enum Wish {
        /// - isForced: whatever speaks against it.
        case order(Order, isForced: Bool)
        /// - epoch: what the user saw.
        case removeBackup(epoch: Epoch?)
        case addBackup(BackupAddCommand)
        /// The Main server of a site wants this one for its Backup.
        case join(PairJoinCommand)
        /// - name: `nil`: as it was called last.
        case saveShow(ShowName?)
        case loadShow(ShowName)
    }

    private struct Request {
        var user: MachineName
        var command: Message

        /// Sent twice, by MQTT itself or by a program that got no answer.
        func isRepeated(by other: Request) -> Bool {
            user == other.user && command.topic == other.command.topic && command.payload == other.command.payload
                && command.correlationData != nil && command.correlationData == other.command.correlationData
        }
    }

    private let own: MachineName
    private let hasKeys: Bool
    private let log: Logger
    private let publish: @SessionLoop (Publication, _ sent: @escaping @SessionLoop () -> Void) -> Void
    /// Must be answered with `answered`.
    private let carryOut: @SessionLoop (Wish, _ user: MachineName) -> Void
    private let revoke: @SessionLoop (KeysRevokeCommand) async -> CommandResponse
    private let audit: @SessionLoop (_ command: String, _ user: MachineName, CommandResponse) -> Void
    private var underWay: Request?
    /// The last commands that were carried out. A repetition comes soon; after that a program may use the same correlation
    /// data for another request.
    private var done: [(request: Request, at: ContinuousClock.Instant)] = []
    private static let remembered = (count: 50, span: Duration.seconds(60))

    init(
        own: MachineName, hasKeys: Bool, log: Logger,
        publish: @escaping @SessionLoop (Publication, _ sent: @escaping @SessionLoop () -> Void) -> Void,
        audit: @escaping @SessionLoop (String, MachineName, CommandResponse) -> Void,
        revoke: @escaping @SessionLoop (KeysRevokeCommand) async -> CommandResponse,
        carryOut: @escaping @SessionLoop (Wish, MachineName) -> Void
    ) {
        self.own = own
        self.hasKeys = hasKeys
        self.log = log
        self.publish = publish
        self.audit = audit
        self.revoke = revoke
        self.carryOut = carryOut
    }

    /// - Parameter command: `nil`: none that this version knows.
    func received(_ command: Topic.Command?, from user: MachineName, _ message: Message) {
        let request = Request(user: user, command: message)
        if message.isRetained {
            // The clearing of one comes back as an empty one.
            guard !message.payload.isEmpty else { return }
            publish(Publication(topic: message.topic, payload: [], retain: true)) {}
            return reply(
                .refused(
                    .malformed, "a retained command would be carried out again and again. Publish it without retain."),
                to: request)
        }
        if let underWay, underWay.isRepeated(by: request) { return }
        if done.contains(where: { $0.request.isRepeated(by: request) && .now - $0.at < Self.remembered.span }) {
            return send(.ok, to: request)
        }
        if let command, permission(of: message) < command.permission {
            return reply(
                .refused(
                    .permissionDenied,
                    "this takes permission \(command.permission), and the key of \(user) has \(permission(of: message)). Ask somebody who may, or have a key issued with understudy keys add \(user) --permission \(command.permission)."
                ), to: request)
        }
        if command == .keysRevoke { return shutOut(request) }
        let wish: Wish
        do {
            wish = try self.wish(command, message.payload)
        } catch {
            return reply(.refused(.malformed, "\(error)"), to: request)
        }
        // Not kept for later: by then its author may have been told that nobody answered.
        if let underWay {
            return reply(
                .refused(
                    .stale, "a command of \(underWay.user) is being carried out. Look at the site, then try again."),
                to: request)
        }
        underWay = request
        carryOut(wish, user)
    }

    /// It changes nothing that another command is about, and waits for none: whoever is to be shut out may keep this server busy.
    private func shutOut(_ request: Request) {
        Task { @SessionLoop in
            do {
                let command = try KeysRevokeCommand(decoding: request.command.payload)
                self.reply(await self.revoke(command), to: request)
            } catch {
                self.reply(.refused(.malformed, "\(error)"), to: request)
            }
        }
    }

    /// As the broker has read it from the user's key. Without keys everyone may do everything.
    private func permission(of message: Message) -> Int {
        guard hasKeys else { return 3 }
        return message.userProperties.first { $0.name == MessageProperty.permission }.flatMap { Int($0.value) } ?? 1
    }

    /// The answer to the wish that was given last.
    ///
    /// - Parameter sent: called when the broker has the answer.
    func answered(_ response: CommandResponse, sent: @escaping @SessionLoop () -> Void = {}) {
        guard let request = underWay else { return sent() }
        underWay = nil
        if response.status == .ok { done = done.suffix(Self.remembered.count - 1) + [(request, .now)] }
        reply(response, to: request, sent: sent)
    }

    private func wish(_ command: Topic.Command?, _ payload: [UInt8]) throws(MalformedPayload) -> Wish {
        switch command {
        case .backupAdd: return .addBackup(try BackupAddCommand(decoding: payload).checked)
        case .backupRemove: return .removeBackup(epoch: try BackupRemoveCommand(decoding: payload).epoch)
        case .pairJoin: return .join(try PairJoinCommand(decoding: payload))
        case .hubSwitch:
            let wish = try HubSwitchCommand(decoding: payload)
            let isForced = wish.force == true
            return .order(isForced && wish.to == own ? .force : .switchOver(to: wish.to), isForced: isForced)
        case .siteStop:
            _ = try SiteStopCommand(decoding: payload)
            return .order(.stopSite, isForced: false)
        case .showSave:
            return .saveShow(
                try Self.show { () throws(MalformedPayload) in try ShowSaveCommand(decoding: payload).name })
        case .showLoad:
            return .loadShow(
                try Self.show { () throws(MalformedPayload) in try ShowLoadCommand(decoding: payload).name })
        case nil, .keysRevoke: throw MalformedPayload(type: "command", cause: "this server knows none of that name")
        }
    }

    private static func show<Name>(_ name: () throws(MalformedPayload) -> Name) throws(MalformedPayload) -> Name {
        do {
            return try name()
        } catch {
            throw MalformedPayload(type: "show command", cause: "it is {\"name\":\"…\"}. \(ShowName.rule)")
        }
    }

    private func reply(
        _ response: CommandResponse, to request: Request, sent: @escaping @SessionLoop () -> Void = {}
    ) {
        let command = request.command.topic.split(separator: "/").dropFirst(2).joined(separator: "/").prefix(64)
        log.info("\(request.user): \(command): \(response.outcome)")
        audit(String(command), request.user, response)
        send(response, to: request, sent: sent)
    }

    private func send(
        _ response: CommandResponse, to request: Request, sent: @escaping @SessionLoop () -> Void = {}
    ) {
        // Only there may this user read.
        guard let topic = request.command.responseTopic, topic.hasPrefix("responses/\(request.user)/"),
            !topic.contains(where: { "+#".contains($0) })
        else { return sent() }
        publish(
            Publication(
                topic: topic, payload: response.encoded, correlationData: request.command.correlationData), sent)
    }
}

extension CommandResponse {
    fileprivate var outcome: String { code.map { "refused (\($0.rawValue)): \(message ?? "")" } ?? "done" }
}

extension BackupAddCommand {
    fileprivate var checked: Self {
        get throws(MalformedPayload) {
            let isOne = (machine == nil) != (address == nil)
            let isAddress = address.map { Endpoint.isHost($0) } ?? (port == nil)
            guard isOne, isAddress, port != 0 else {
                throw MalformedPayload(
                    type: "backup/add",
                    cause: #"either {"machine":"NAME"} or {"address":"HOST","port":1883}; the port may be left out"#)
            }
            return self
        }
    }
}
