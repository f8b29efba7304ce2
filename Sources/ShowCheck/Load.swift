import FailoverCore
import HubClient
import LocalSite
import MQTTSession
import ShowHistory

/// All writers and readers of a run.
@SessionLoop
final class Load {
    private let recorder: Recorder
    private var writers: [Writer] = []
    private var plainWriters: [PlainWriter] = []
    private var libraryReaders: [LibraryReader] = []
    private var plainReaders: [PlainReader] = []
    private var tasks: [Task<Void, Never>] = []
    private let rate: Double

    /// Messages a second of each program without identities.
    private static let plainRate = 20.0
    private static let keys = 40

    /// Returns when all readers read.
    init(_ options: ShowCheck, on site: LocalSite, recorder: Recorder) async throws {
        self.recorder = recorder
        rate = Double(options.rate) / Double(options.writers)
        let servers = [site.main, site.backup]
        let hubs = servers.map(\.endpoint)
        for number in 1...options.readers {
            libraryReaders.append(try LibraryReader("reader-\(number)", hubs: hubs, recorder: recorder))
        }
        for server in servers {
            plainReaders.append(
                PlainReader("plain-reader-of-\(server.name)", hub: server.name, at: server.endpoint, recorder: recorder)
            )
        }
        for number in 1...options.writers {
            writers.append(
                Writer(
                    "w\(number)", hubs: hubs, keys: Self.keys, hasLargeOnes: options.payload == .mixed,
                    recorder: recorder))
        }
        for number in 1...2 {
            plainWriters.append(
                PlainWriter("t\(number)", hubs: servers.map { ($0.name, $0.endpoint) }, recorder: recorder))
        }
        // Time to subscribe, and to read what is retained.
        try await Task.sleep(for: .seconds(1.5))
    }

    func start() {
        tasks += writers.map { writer in Task { @SessionLoop in await writer.run(rate: rate) } }
        tasks += plainWriters.map { writer in Task { @SessionLoop in await writer.run(rate: Self.plainRate) } }
    }

    /// Writers first, and readers when everything has come.
    func stop() async {
        for writer in writers { writer.stop() }
        for writer in plainWriters { writer.stop() }
        for task in tasks { await task.value }
        try? await Task.sleep(for: .seconds(2))
        for reader in libraryReaders { await reader.stop() }
        for reader in plainReaders { reader.stop() }
        if let error = writers.compactMap(\.lastError).last { recorder.say("the last publish that failed: \(error)") }
    }
}
