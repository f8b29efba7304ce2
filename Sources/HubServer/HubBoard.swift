import FailoverCore
import HubProtocol
import MQTTSession
import OrderedCollections

/// The coordinator's session with its own hub broker, through the private listener: what `hub/#` says, and who is
/// there.
@SessionLoop
final class HubBoard {
    var onMessage: @SessionLoop (Message) -> Void = { _ in }
    /// The broker does not answer any more, with the reason.
    var onFailure: @SessionLoop (String) -> Void = { _ in }

    /// The broker is connected and answers nothing.
    var onSilence: @SessionLoop () -> Void = {}

    private static let probeInterval = Duration.milliseconds(250)
    private static let longestSilence = Duration.seconds(1)
    /// Of a broker that works all the time: fifty snapshots of a large show keep its one loop busy for seconds.
    private static let longestWork = Duration.seconds(10)

    private var session: Session?
    private let probeTimer = LoopTimer()
    private var clock: ProcessClock?
    private var lastAnswer = ContinuousClock.now
    private var usedAtLastAnswer: Duration?
    private var lastProbe = ContinuousClock.now
    /// What was published last on each topic: a state that did not change is not news. In order: who speaks, and of which site,
    /// comes first also in a session that began late.
    private var published: OrderedDictionary<Topic, any Payload> = [:]

    func open(_ endpoint: Endpoint, clientID: String, clock: ProcessClock?) {
        self.clock = clock
        let session = Session(.init(endpoint: endpoint, clientID: clientID)) { [weak self] event in
            guard let self else { return }
            switch event {
            case .opened:
                // A receipt for each message would be of no use: what is lost with this session ends the server.
                for item in [Topic.MachineItem.status, .links] {
                    self.session?.subscribe(TopicFilter.everyMachine(item), quality: .atMostOnce)
                }
                self.session?.subscribe(TopicFilter.everyCommand, retainAsPublished: true)
                for (topic, payload) in self.published { self.send(topic, payload) }
                self.noteAnswer()
                self.lastProbe = .now
                self.probe()
            case .message(let message): self.onMessage(message)
            case .closed(let reason): self.onFailure("\(reason)")
            }
        }
        self.session = session
        session.open()
    }

    /// What was published there last.
    func last<News: Payload>(_ topic: Topic) -> News? { published[topic] as? News }

    func publish<News: Payload>(_ topic: Topic, _ news: News) {
        if let last = published[topic] as? News, last == news { return }
        published[topic] = news
        send(topic, news)
    }

    /// Asks the broker for a PUBACK, four times a second. The topic begins with `$`, so that no wildcard sees it.
    private func probe() {
        session?.publish(Publication(topic: "$understudy/probe", payload: [])) { [weak self] result in
            if case .success = result { self?.noteAnswer() }
        }
        probeTimer.schedule(after: Self.probeInterval) { [weak self] in
            guard let self else { return }
            // Silence counts only while this thread itself was on time.
            if ContinuousClock.now - self.lastProbe > Self.probeInterval * 2 { self.noteAnswer() }
            self.lastProbe = .now
            let silence = ContinuousClock.now - self.lastAnswer
            guard silence < (self.isWorking(since: silence) ? Self.longestWork : Self.longestSilence) else {
                return self.onSilence()
            }
            self.probe()
        }
    }

    private func noteAnswer() {
        lastAnswer = .now
        usedAtLastAnswer = clock?.used
    }

    /// A broker that hangs uses no processor; one that has much to do uses it for most of the time that it is silent. A
    /// quarter: it may have to share the processor with others.
    private func isWorking(since silence: Duration) -> Bool {
        guard let before = usedAtLastAnswer, let now = clock?.used else { return false }
        return now - before >= silence / 4
    }

    /// Publishes, whatever was published before.
    func send(_ topic: Topic, _ payload: any Payload) {
        send(Publication(topic: topic.name, payload: payload.encoded, retain: true))
    }

    /// - Parameter sent: called when the broker has it, or never will.
    func send(_ publication: Publication, sent: @escaping @SessionLoop () -> Void = {}) {
        guard let session else { return sent() }
        session.publish(publication) { _ in sent() }
    }
}
