import FailoverCore
import HubClient
import MQTTSession
import ShowHistory

/// All writers and readers of one process.
@SessionLoop
final class Load {
    private var writers: [Writer] = []
    private var plainWriters: [PlainWriter] = []
    private var libraryReaders: [LibraryReader] = []
    private var plainReaders: [PlainReader] = []
    private var tasks: [Task<Void, Never>] = []
    private let rate: Double

    /// Messages a second of each program without identities.
    private static let plainRate = 20.0
    private static let keys = 40

    init(_ options: LoadCommand, recorder: ProgramRecorder) throws {
        rate = options.rate
        let hubs = options.hubs
        for name in options.readers {
            libraryReaders.append(
                try LibraryReader(name, hubs: hubs.map(\.endpoint), options.credentials(of: name), recorder: recorder))
        }
        for hub in hubs where options.plainReaders.contains("\(hub.name)") {
            let name = PlainReader.name(of: hub.name)
            plainReaders.append(
                PlainReader(
                    name, hub: hub.name, at: hub.endpoint, options.credentials(of: name), recorder: recorder))
        }
        for name in options.writers {
            writers.append(
                Writer(
                    name, hubs: hubs.map(\.endpoint), options.credentials(of: name), keys: Self.keys,
                    hasLargeOnes: options.payload == .mixed,
                    recorder: recorder))
        }
        for name in options.plainWriters {
            plainWriters.append(PlainWriter(name, hubs: hubs, options.credentials(of: name), recorder: recorder))
        }
    }

    /// Returns when all readers read and all writers write.
    func begin() async {
        for reader in libraryReaders { await reader.ready() }
        // Time to subscribe with both hubs, and to read what is retained.
        if !libraryReaders.isEmpty || !plainReaders.isEmpty { try? await Task.sleep(for: .seconds(1.5)) }
        tasks += writers.map { writer in Task { @SessionLoop in await writer.run(rate: rate) } }
        tasks += plainWriters.map { writer in Task { @SessionLoop in await writer.run(rate: Self.plainRate) } }
    }

    var lastError: PublishError? { writers.compactMap(\.lastError).last }

    /// Returns when everything is answered.
    func stop() async {
        for writer in writers { writer.stop() }
        for writer in plainWriters { writer.stop() }
        for task in tasks { await task.value }
        for reader in libraryReaders { await reader.stop() }
        for reader in plainReaders { reader.stop() }
    }
}
