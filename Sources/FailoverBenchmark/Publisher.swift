import HubClient
import MQTTSession

/// Publishes to one hub without a pause, each message when the one before was confirmed.
@SessionLoop
final class Publisher {
    private(set) var longestStall = Duration.zero
    private var last = ContinuousClock.now
    private var isWanted = true
    private var session: Session?

    init(to hub: Endpoint) {
        let session = Session(.init(endpoint: hub, clientID: "publisher")) { [weak self] event in
            guard let self, case .opened = event else { return }
            self.last = .now
            self.publish()
        }
        self.session = session
        session.open()
    }

    func stop() {
        isWanted = false
        session?.close()
    }

    private func publish() {
        guard isWanted else { return }
        session?.publish(Publication(topic: "benchmark/publisher", payload: [])) { [weak self] _ in
            guard let self else { return }
            self.longestStall = max(self.longestStall, .now - self.last)
            self.last = .now
            // A later turn of the loop, so that others have theirs.
            Task { self.publish() }
        }
    }
}
