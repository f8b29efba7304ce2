import FailoverCore
import HubClient
import MQTTSession
import ShowHistory

/// Retains so many topics through the client library.
@SessionLoop
struct Preload {
    private let recorder: ProgramRecorder
    private let topics: Int
    private let connection: HubConnection

    nonisolated static let name = "preload"
    private static let mostUnderWay = 1000

    init(topics: Int, hubs: [Endpoint], _ credentials: TLSCredentials?, _ recorder: ProgramRecorder) {
        self.topics = topics
        self.recorder = recorder
        connection = HubConnection(name: MachineName(Self.name)!, hubs: hubs, credentials: credentials)
        recorder.note(.author(name: Self.name, .replicated))
    }

    func run() async throws {
        for first in stride(from: 1, through: topics, by: Self.mostUnderWay) {
            let batch = (first..<min(first + Self.mostUnderWay, topics + 1)).map { sequence in
                let topic = "show/\(Self.name)/\(sequence)"
                let payload = ShowPayload.make(author: Self.name, sequence: sequence, size: 64)
                recorder.note(.published(author: Self.name, Publish(topic: topic, began: recorder.now)))
                return (
                    sequence,
                    Task { @SessionLoop in try await connection.publish(topic, payload, within: .seconds(30)) }
                )
            }
            for (sequence, task) in batch {
                try await task.value
                recorder.note(
                    .answered(author: Self.name, sequence: sequence, .confirmed, at: recorder.now))
            }
        }
        await connection.close()
    }
}
