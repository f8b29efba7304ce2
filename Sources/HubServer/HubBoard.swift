import FailoverCore
import HubProtocol
import MQTTSession

/// The coordinator's session with its own hub broker, through the private listener: what `hub/#` says, and who is
/// there.
@SessionLoop
final class HubBoard {
    var onMessage: @SessionLoop (Message) -> Void = { _ in }
    /// The broker does not answer any more, with the reason.
    var onFailure: @SessionLoop (String) -> Void = { _ in }

    private var session: Session?
    /// What was published last on each topic: a state that did not change is not news.
    private var published: [Topic: any Payload] = [:]

    func open(_ endpoint: Endpoint, clientID: String) {
        let session = Session(.init(endpoint: endpoint, clientID: clientID)) { [weak self] event in
            guard let self else { return }
            switch event {
            case .opened:
                self.session?.subscribe(TopicFilter.everyMachine)
                for (topic, payload) in self.published { self.send(topic, payload) }
            case .message(let message): self.onMessage(message)
            case .closed(let reason): self.onFailure("\(reason)")
            }
        }
        self.session = session
        session.open()
    }

    func publish<News: Payload>(_ topic: Topic, _ news: News) {
        if let last = published[topic] as? News, last == news { return }
        published[topic] = news
        send(topic, news)
    }

    private func send(_ topic: Topic, _ payload: any Payload) {
        session?.publish(Publication(topic: topic.name, payload: payload.encoded, retain: true))
    }
}
