import FailoverCore
import HubClient
import MQTTSession
import ShowHistory

/// An author of the client library, with several messages under way at a time.
@SessionLoop
final class Writer {
    private let connection: HubConnection
    private let recorder: ProgramRecorder
    private let script: Script
    private var underWay = 0
    private var isWanted = true
    private(set) var lastError: PublishError?

    static let mostUnderWay = 50
    /// Seconds of its schedule that it makes up for after a stall.
    private static let mostArrears = 2.0

    init(
        _ name: String, hubs: [Endpoint], _ credentials: TLSCredentials?, keys: Int, hasLargeOnes: Bool,
        recorder: ProgramRecorder
    ) {
        connection = HubConnection(name: MachineName(name)!, hubs: hubs, credentials: credentials)
        script = Script(author: name, keys: keys, hasLargeOnes: hasLargeOnes)
        self.recorder = recorder
        recorder.note(.author(name: name, .replicated))
    }

    /// Publishes until it is stopped, and returns when everything is answered.
    ///
    /// - Parameter rate: messages a second.
    func run(rate: Double) async {
        var (due, sequence) = (0.0, 0)
        var last = recorder.now
        while isWanted {
            try? await Task.sleep(for: .milliseconds(10))
            let now = recorder.now
            due = min(due + (now - last) * rate, Self.mostArrears * rate)
            last = now
            while due >= 1, underWay < Self.mostUnderWay, isWanted {
                due -= 1
                sequence += 1
                publish(sequence)
            }
        }
        while underWay > 0 { try? await Task.sleep(for: .milliseconds(10)) }
        await connection.close()
    }

    func stop() { isWanted = false }

    /// Tasks on one actor begin in the order in which they were made.
    private func publish(_ sequence: Int) {
        let line = script[sequence]
        let payload = ShowPayload.make(author: script.author, sequence: sequence, size: line.size)
        recorder.note(
            .published(
                author: script.author,
                Publish(
                    topic: line.topic, isRetained: line.isRetained, isEmpty: payload.isEmpty, began: recorder.now)))
        underWay += 1
        Task { @SessionLoop in
            let outcome: Publish.Outcome
            do {
                try await connection.publish(
                    line.topic, payload, retain: line.isRetained, within: script.patience(sequence))
                outcome = .confirmed
            } catch let error as PublishError {
                lastError = error
                if case .noHub = error { outcome = .notSent } else { outcome = .unknown }
            } catch {
                outcome = .unknown
            }
            recorder.note(.answered(author: script.author, sequence: sequence, outcome, at: recorder.now))
            underWay -= 1
        }
    }
}
