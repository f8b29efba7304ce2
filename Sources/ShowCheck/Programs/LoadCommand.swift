import ArgumentParser
import FailoverCore
import Foundation
import LocalSite
import MQTTSession
import ShowHistory
import UnixSignals

/// Writers and readers in a process of their own, on whatever machine it is started. ShowCheck starts several of them.
///
/// It says that it is ready in a line on standard error, and ends in good order at SIGTERM.
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load", abstract: "A part of the load; ShowCheck starts it.", shouldDisplay: false)

    @Option(help: "Main's hub.")
    var main: Address
    @Option(help: "The Backup's hub.")
    var backup: Address
    @Option(help: "The folder with the programs' keys, each NAME.key; the site has none when not given.")
    var keys: String?
    @Option(help: "When the run began, in nanoseconds of this computer's monotonic clock.")
    var began: UInt64
    @Option(help: "The file in which everything is written down.")
    var record: String
    @Option(help: "Publishes a second of each writer.")
    var rate = 100.0
    @Option var payload = CheckCommand.Payloads.mixed
    @Option(parsing: .upToNextOption) var writers: [String] = []
    @Option(parsing: .upToNextOption) var plainWriters: [String] = []
    @Option(parsing: .upToNextOption) var readers: [String] = []
    @Option(parsing: .upToNextOption, help: "The servers whose hubs are read.")
    var plainReaders: [String] = []
    @Option(help: "Retain so many topics, and end.")
    var topics = 0

    /// `ADDR:PORT`.
    struct Address: ExpressibleByArgument {
        let endpoint: Endpoint

        init?(argument: String) {
            guard let endpoint = Endpoint(argument) else { return nil }
            self.endpoint = endpoint
        }
    }

    /// The line that says that all readers read.
    static let readyLine = "ready"

    var hubs: [(name: MachineName, endpoint: Endpoint)] {
        [(LocalSite.mainName, main.endpoint), (LocalSite.backupName, backup.endpoint)]
    }

    /// Every program has a key of its own.
    func credentials(of program: String) -> TLSCredentials? {
        keys.map { TLSCredentials(path: "\($0)/\(program).key") }
    }

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sigterm)
        let recorder = try await ProgramRecorder(file: record, clock: RunClock(began: began))
        if topics > 0 {
            try await Preload(
                topics: topics, hubs: hubs.map(\.endpoint), credentials(of: Preload.name), recorder
            ).run()
        } else {
            let load = try await Load(self, recorder: recorder)
            await load.begin()
            try say(Self.readyLine)
            for await _ in signals { break }
            await load.stop()
            if let error = await load.lastError { try say("the last publish that failed: \(error)") }
        }
        try await recorder.close()
    }

    private func say(_ line: String) throws {
        try FileHandle.standardError.write(contentsOf: Array("\(line)\n".utf8))
    }
}
