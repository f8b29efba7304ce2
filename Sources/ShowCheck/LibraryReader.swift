import FailoverCore
import HubClient
import MQTTSession
import ShowHistory

/// Reads all of the show through the client library.
@SessionLoop
final class LibraryReader {
    private let connection: HubConnection
    private let recorder: Recorder
    private let reader: Int
    private var task: Task<Void, Never>?

    init(_ name: String, hubs: [Endpoint], recorder: Recorder) throws {
        connection = HubConnection(name: MachineName(name)!, hubs: hubs)
        self.recorder = recorder
        reader = recorder.add(Reader(name: name, kind: .library))
        recorder.began(reader)
        let subscription = try connection.subscribe("show/#")
        task = Task { @SessionLoop in
            do {
                for try await message in subscription { self.take(message) }
            } catch {
                recorder.history.readers[self.reader].failure = "\(error)"
            }
        }
    }

    private func take(_ message: Message) {
        recorder.saw(message, message.way, by: reader)
    }

    /// A hub is followed.
    var isReady: Bool { connection.state.hub != nil }

    func stop() async {
        await connection.close()
        await task?.value
    }
}
