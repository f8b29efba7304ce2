import FailoverCore
import HubClient
import HubProtocol
import MQTTSession
import ShowHistory

/// A third party's program: plain MQTT, no identities. It follows the hub as the contract tells anybody to: the highest
/// epoch in `hub/active` whose hub is not null. What its broker did not answer it does not send again.
@SessionLoop
final class PlainWriter {
    private let name: String
    private let recorder: ProgramRecorder
    private var sessions: [MachineName: ReconnectingSession] = [:]
    private var newest: HubActive?
    private var underWay = 0
    private var isWanted = true

    init(
        _ name: String, hubs: [(name: MachineName, endpoint: Endpoint)], _ credentials: TLSCredentials?,
        recorder: ProgramRecorder
    ) {
        self.name = name
        self.recorder = recorder
        recorder.note(.author(name: name, .taken))
        for hub in hubs {
            let session = ReconnectingSession(
                .init(endpoint: hub.endpoint, credentials: credentials, clientID: "\(name)-at-\(hub.name)")
            ) {
                [weak self] in self?.handle($0, at: hub.name)
            }
            sessions[hub.name] = session
            session.start()
        }
    }

    private func handle(_ event: ReconnectingSession.Event, at hub: MachineName) {
        switch event {
        case .up: sessions[hub]?.session?.subscribe(Topic.hubActive.name)
        case .message(let message):
            guard let active = try? HubActive(decoding: message.payload), active.hub != nil,
                active.epoch >= newest?.epoch ?? Epoch(0)
            else { return }
            newest = active
        case .down: break
        }
    }

    /// - Parameter rate: messages a second.
    func run(rate: Double) async {
        var (due, sequence) = (0.0, 0)
        var last = recorder.now
        while isWanted {
            try? await Task.sleep(for: .milliseconds(20))
            let now = recorder.now
            due = min(due + (now - last) * rate, 5)
            last = now
            while due >= 1, let hub = newest?.hub, let session = sessions[hub]?.session {
                due -= 1
                sequence += 1
                publish(sequence, over: session)
            }
        }
        for _ in 0..<500 where underWay > 0 { try? await Task.sleep(for: .milliseconds(10)) }
        for session in sessions.values { session.stop() }
    }

    func stop() { isWanted = false }

    private func publish(_ sequence: Int, over session: Session) {
        let isRetained = sequence % 3 != 0
        let topic = isRetained ? "show/\(name)/key/\(sequence % 7)" : "show/\(name)/event"
        let payload = ShowPayload.make(author: name, sequence: sequence, size: ShowPayload.fewestBytes + sequence % 100)
        recorder.note(
            .published(author: name, Publish(topic: topic, isRetained: isRetained, began: recorder.now)))
        underWay += 1
        session.publish(Publication(topic: topic, payload: payload, retain: isRetained)) { [weak self] result in
            guard let self else { return }
            self.underWay -= 1
            var outcome = Publish.Outcome.unknown
            if case .success = result { outcome = .confirmed }
            self.recorder.note(
                .answered(author: self.name, sequence: sequence, outcome, at: self.recorder.now))
        }
    }
}
