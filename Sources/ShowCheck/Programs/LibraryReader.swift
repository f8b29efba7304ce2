import FailoverCore
import HubClient
import MQTTSession
import ShowHistory

/// Reads all of the show through the client library.
@SessionLoop
final class LibraryReader {
    private let connection: HubConnection
    private var task: Task<Void, Never>?

    init(_ name: String, hubs: [Endpoint], _ credentials: TLSCredentials?, recorder: ProgramRecorder) throws {
        connection = HubConnection(name: MachineName(name)!, hubs: hubs, credentials: credentials)
        recorder.note(.reader(name: name, .library))
        recorder.note(.sessionBegan(reader: name, at: recorder.now))
        let subscription = try connection.subscribe("show/#")
        task = Task { @SessionLoop in
            do {
                for try await message in subscription { recorder.saw(message, by: name) }
            } catch {
                recorder.note(.failed(reader: name, "\(error)"))
            }
        }
    }

    /// Returns when a hub is followed.
    func ready() async { for await state in connection.states() where state.hub != nil { return } }

    func stop() async {
        await connection.close()
        await task?.value
    }
}
