import FailoverCore
import MQTTSession
import ShowHistory

/// A third party's program that reads all of the show from one hub.
@SessionLoop
final class PlainReader {
    private let name: String
    private let recorder: ProgramRecorder
    private var session: ReconnectingSession!
    private var sessions = 0
    private var isReading = false

    nonisolated static func name(of hub: MachineName) -> String { "plain-reader-of-\(hub)" }

    init(
        _ name: String, hub: MachineName, at endpoint: Endpoint, _ credentials: TLSCredentials?,
        recorder: ProgramRecorder
    ) {
        self.name = name
        self.recorder = recorder
        recorder.note(.reader(name: name, .plain(hub: "\(hub)")))
        session = ReconnectingSession(.init(endpoint: endpoint, credentials: credentials, clientID: name)) {
            [weak self] in
            self?.handle($0)
        }
        session.start()
    }

    func stop() { session.stop() }

    private func handle(_ event: ReconnectingSession.Event) {
        switch event {
        case .up:
            sessions += 1
            isReading = false
            let number = sessions
            session.session?.subscribe("show/#") { [weak self] result in
                guard let self, case .success = result, number == self.sessions else { return }
                self.isReading = true
                self.recorder.note(.sessionBegan(reader: self.name, at: self.recorder.now))
            }
        case .message(let message):
            // What the hub held before is no news.
            guard isReading else { return }
            recorder.saw(message, by: name)
        case .down:
            sessions += 1
            if isReading { recorder.note(.sessionEnded(reader: name, at: recorder.now)) }
            isReading = false
        }
    }
}
