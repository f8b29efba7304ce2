import FailoverCore
import LocalSite

/// The load, spread over the machines of a site: on each of them a process that writes and one that reads.
actor LoadProcesses {
    private let options: CheckCommand
    private let site: LocalSite
    private let machines: [MachineName]
    private let recorder: Recorder
    private var writing: [MachineProcess] = []
    private var reading: [MachineProcess] = []
    private var authorFiles: [String] = []
    private var readerFiles: [String] = []

    /// A part of the load ended by itself.
    struct Ended: Error, CustomStringConvertible {
        let description: String

        init(_ process: MachineProcess, _ ending: MachineProcess.Ending) {
            description = "\(process.name) ended with \(ending): \(process.lines.suffix(3).joined(separator: " / "))"
        }
    }

    /// - Parameter machines: on which programs run.
    init(_ options: CheckCommand, on machines: [MachineName], of site: LocalSite, recorder: Recorder) {
        (self.options, self.machines, self.site, self.recorder) = (options, machines, site, recorder)
    }

    /// What they have written down; what authors did comes first.
    var files: [String] { authorFiles + readerFiles }

    // MARK: - Who is where

    nonisolated func libraryReaders(on machine: MachineName) -> [String] {
        share(of: machine, (1...options.readers).map { "reader-\($0)" })
    }

    /// One of these for each machine in turn.
    private nonisolated func share(of machine: MachineName, _ all: [String], startingAt first: Int = 0) -> [String] {
        let place = machines.firstIndex(of: machine)!
        return all.enumerated().filter { ($0.offset + first) % machines.count == place }.map(\.element)
    }

    /// Where the site has keys.
    private func issueKeys(_ programs: [String]) throws {
        for name in programs { _ = try site.key(of: MachineName(name)!) }
    }

    // MARK: - From start to end

    /// So many topics that nobody changes.
    func preload() async throws {
        guard options.topics > 0 else { return }
        try issueKeys([Preload.name])
        authorFiles.append(file("preload"))
        let process = try await site.startGuest(
            "preload", on: machines[0], arguments(file("preload")) + ["--topics", "\(options.topics)"])
        let ending = try await process.ended()
        guard ending == .exited(code: 0) else { throw Ended(process, ending) }
        recorder.say("\(options.topics) topics are there")
    }

    /// Returns when all of them work; writers begin when all readers read.
    func start() async throws {
        let servers = [site.main, site.backup].map { "\($0.name)" }
        try issueKeys(
            (1...options.readers).map { "reader-\($0)" }
                + [site.main, site.backup].map { PlainReader.name(of: $0.name) }
                + (1...options.writers).map { "w\($0)" } + ["t1", "t2"])
        let readers = machines.map { machine in
            list("--readers", libraryReaders(on: machine))
                + list("--plain-readers", share(of: machine, servers, startingAt: 1))
        }
        reading = try await start("readers", readers)
        readerFiles = reading.map { file($0.name) }
        let rate = Double(options.rate) / Double(options.writers)
        let writers = machines.map { machine in
            list("--writers", share(of: machine, (1...options.writers).map { "w\($0)" }))
                + list("--plain-writers", share(of: machine, ["t1", "t2"]))
                + ["--rate", "\(rate)", "--payload", options.payload.rawValue]
        }
        writing = try await start("writers", writers)
        authorFiles += writing.map { file($0.name) }
    }

    /// Writers first, and readers when everything has come.
    func stop() async throws {
        try await stop(writing)
        try await Task.sleep(for: .seconds(2))
        try await stop(reading)
        (writing, reading) = ([], [])
    }

    private func stop(_ processes: [MachineProcess]) async throws {
        try await withThrowingTaskGroup { group in
            for process in processes {
                group.addTask {
                    let ending = try await process.endedAt == nil ? process.stop() : process.ended()
                    guard ending == .exited(code: 0) else { throw Ended(process, ending) }
                }
            }
            try await group.waitForAll()
        }
    }

    // MARK: - One process

    private nonisolated func file(_ name: String) -> String {
        "\(recorder.folder)/\(name.replacing(" ", with: "-")).history"
    }

    private nonisolated func list(_ option: String, _ names: [String]) -> [String] {
        names.isEmpty ? [] : [option] + names
    }

    private nonisolated func arguments(_ file: String) -> [String] {
        [
            LoadCommand.configuration.commandName!, "--main", "\(site.main.endpoint)", "--backup",
            "\(site.backup.endpoint)", "--began", "\(recorder.clock.began)", "--record", file,
        ] + (options.keys ? ["--keys", site.folder] : [])
    }

    /// One on each machine.
    private nonisolated func start(_ kind: String, _ arguments: [[String]]) async throws -> [MachineProcess] {
        try await withThrowingTaskGroup { group in
            for (machine, its) in zip(machines, arguments) {
                group.addTask { try await self.start("\(kind) of \(machine)", on: machine, its) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// Returns when it says that it is ready.
    private nonisolated func start(
        _ name: String, on machine: MachineName, _ its: [String]
    ) async throws -> MachineProcess {
        let (ready, continuation) = AsyncStream.makeStream(of: Void.self)
        let recorder = recorder
        let process = try await site.startGuest(name, on: machine, arguments(file(name)) + its) { line in
            if line == LoadCommand.readyLine { continuation.finish() } else { recorder.say("\(name): \(line)") }
        }
        let end = Task {
            let ending = try await process.ended()
            continuation.finish()
            return ending
        }
        for await _ in ready {}
        guard process.endedAt == nil else { throw Ended(process, try await end.value) }
        return process
    }
}
