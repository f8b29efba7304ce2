import FailoverCore
import HubProtocol
import Logging
import MQTTSession

/// Takes users' commands from the own hub broker, gives them to the coordinator, one at a time, and answers each one
/// once.
@SessionLoop
final class CommandDesk {
    private struct Request {
        var user: MachineName
        var command: Message
    }

    private let own: MachineName
    private let log: Logger
    private let publish: @SessionLoop (Publication) -> Void
    private let give: @SessionLoop (Order, _ user: MachineName) -> Void
    /// What the shell knows and the coordinator does not: why an order would do harm now.
    private let objection: @SessionLoop (Order) -> CommandResponse?
    private var underWay: Request?

    init(
        own: MachineName, log: Logger, publish: @escaping @SessionLoop (Publication) -> Void,
        objection: @escaping @SessionLoop (Order) -> CommandResponse?,
        give: @escaping @SessionLoop (Order, MachineName) -> Void
    ) {
        self.own = own
        self.log = log
        self.publish = publish
        self.objection = objection
        self.give = give
    }

    /// - Parameter command: `nil`: none that this version knows.
    func received(_ command: Topic.Command?, from user: MachineName, _ message: Message) {
        if message.isRetained {
            // The clearing of one comes back as an empty one.
            guard !message.payload.isEmpty else { return }
            publish(Publication(topic: message.topic, payload: [], retain: true))
            return reply(
                .refused(
                    .malformed, "a retained command would be carried out again and again. Publish it without retain."),
                to: message, from: user)
        }
        // Sent twice by MQTT itself: it is answered once.
        if let underWay, underWay.user == user, let data = message.correlationData,
            data == underWay.command.correlationData
        {
            return
        }
        let (order, isForced): (Order, Bool)
        do {
            (order, isForced) = try self.order(command, message.payload)
        } catch {
            return reply(.refused(.malformed, "\(error)"), to: message, from: user)
        }
        // Not kept for later: by then its author may have been told that nobody answered.
        if let underWay {
            return reply(
                .refused(
                    .stale, "a command of \(underWay.user) is being carried out. Look at the site, then try again."),
                to: message, from: user)
        }
        if !isForced, let objection = objection(order) { return reply(objection, to: message, from: user) }
        underWay = Request(user: user, command: message)
        give(order, user)
    }

    /// The coordinator's answer to the order that it was given last.
    func answered(_ answer: Order.Answer) {
        guard let request = underWay else { return }
        underWay = nil
        reply(CommandResponse(answer), to: request.command, from: request.user)
    }

    private func order(
        _ command: Topic.Command?, _ payload: [UInt8]
    ) throws(MalformedPayload) -> (Order, isForced: Bool) {
        switch command {
        case .hubSwitch:
            let wish = try HubSwitchCommand(decoding: payload)
            let isForced = wish.force == true
            return (isForced && wish.to == own ? .force : .switchOver(to: wish.to), isForced)
        case .siteStop:
            _ = try SiteStopCommand(decoding: payload)
            return (.stopSite, false)
        case nil: throw MalformedPayload(type: "command", cause: "this server knows none of that name")
        }
    }

    private func reply(_ response: CommandResponse, to command: Message, from user: MachineName) {
        let outcome = response.code.map { "refused (\($0.rawValue)): \(response.message ?? "")" } ?? "done"
        log.info("\(command.topic): \(outcome)")
        // Only there may this user read.
        guard let topic = command.responseTopic, topic.hasPrefix("responses/\(user)/"),
            !topic.contains(where: { "+#".contains($0) })
        else { return }
        publish(
            Publication(topic: topic, payload: response.encoded, correlationData: command.correlationData))
    }
}
