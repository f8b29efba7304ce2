import FailoverCore
import HubClient
import MQTTSession
import ShowHistory

/// Retains so many topics through the client library.
@SessionLoop
struct Preload {
    private let recorder: Recorder
    private let topics: Int
    private let connection: HubConnection
    private let author: Int

    private static let name = "preload"
    private static let mostUnderWay = 1000

    init(topics: Int, hubs: [Endpoint], _ recorder: Recorder) {
        self.topics = topics
        self.recorder = recorder
        connection = HubConnection(name: MachineName(Self.name)!, hubs: hubs)
        author = recorder.add(Author(name: Self.name, promise: .replicated))
    }

    func run() async throws {
        for first in stride(from: 1, through: topics, by: Self.mostUnderWay) {
            let batch = (first..<min(first + Self.mostUnderWay, topics + 1)).map { sequence in
                let topic = "show/\(Self.name)/\(sequence)"
                let payload = ShowPayload.make(author: Self.name, sequence: sequence, size: 64)
                let mark = recorder.note(Publish(topic: topic, began: recorder.now), by: author)
                return (
                    mark, Task { @SessionLoop in try await connection.publish(topic, payload, within: .seconds(30)) }
                )
            }
            for (mark, task) in batch {
                try await task.value
                recorder.end(mark, .confirmed)
            }
        }
        await connection.close()
    }
}
