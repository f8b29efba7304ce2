import FailoverCore
import HubProtocol
import Logging
import MQTTSession

/// Takes users' commands from the own hub broker, gives them to the coordinator one after the other, and answers each
/// one once.
@SessionLoop
final class CommandDesk {
    private struct Request {
        var user: MachineName
        var order: Order
        var command: Message
    }

    /// Commands that may wait for the one before.
    private static let mostWaiting = 16

    private let own: MachineName
    private let log: Logger
    private let publish: @SessionLoop (Publication) -> Void
    private let give: @SessionLoop (Order, _ user: MachineName) -> Void
    private var underWay: Request?
    private var waiting: [Request] = []

    init(
        own: MachineName, log: Logger, publish: @escaping @SessionLoop (Publication) -> Void,
        give: @escaping @SessionLoop (Order, MachineName) -> Void
    ) {
        self.own = own
        self.log = log
        self.publish = publish
        self.give = give
    }

    func received(_ command: Topic.Command, from user: MachineName, _ message: Message) {
        guard !message.payload.isEmpty else { return }
        guard !message.isRetained else {
            publish(Publication(topic: message.topic, payload: [], retain: true))
            return reply(
                .refused(
                    .malformed, "a retained command would be carried out again and again. Publish it without retain."),
                to: message, from: user)
        }
        let order: Order
        do {
            order = try self.order(command, message.payload)
        } catch {
            return reply(.refused(.malformed, "\(error)"), to: message, from: user)
        }
        guard waiting.count < Self.mostWaiting else {
            return reply(
                .refused(.stale, "\(waiting.count) commands wait already. Look at the site, then try again."),
                to: message,
                from: user)
        }
        waiting.append(Request(user: user, order: order, command: message))
        giveNext()
    }

    /// The coordinator's answer to the order that it was given last.
    func answered(_ answer: Order.Answer) {
        guard let request = underWay else { return }
        underWay = nil
        reply(CommandResponse(answer), to: request.command, from: request.user)
        giveNext()
    }

    private func giveNext() {
        guard underWay == nil, !waiting.isEmpty else { return }
        let request = waiting.removeFirst()
        underWay = request
        give(request.order, request.user)
    }

    private func order(_ command: Topic.Command, _ payload: [UInt8]) throws(MalformedPayload) -> Order {
        switch command {
        case .hubSwitch:
            let wish = try HubSwitchCommand(decoding: payload)
            return wish.force == true && wish.to == own ? .force : .switchOver(to: wish.to)
        case .siteStop:
            _ = try SiteStopCommand(decoding: payload)
            return .stopSite
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
