import ArgumentParser
import ShowHistory

/// Loads a site of real processes with writers and readers, hurts it again and again, and judges what they saw.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Nothing lost, nothing twice, each author's order kept, both hubs equal, whatever fails.",
        discussion: """
            Writers and readers of the client library, and programs that know nothing of it, work on a site whose servers \
            are killed, hung, stopped and switched every few seconds. With root each machine of the site has a network \
            of its own, and cables are pulled, too. Exits 1 with a description of every promise that was \
            not kept. The seed decides which fault comes when; how the processes race it cannot decide.
            """)

    enum Payloads: String, ExpressibleByArgument, CaseIterable {
        case small, mixed
    }

    @Option(help: "How long faults are made.")
    var seconds = 600
    @Option(help: "Confirmed publishes a second, of all writers together.")
    var rate = 1000
    @Option var writers = 10
    @Option var readers = 3
    @Option(help: "Of the choice of faults; printed when not given.")
    var seed: UInt64?
    @Option(help: "Retained topics that are there from the beginning, besides those of the writers.")
    var topics = 0
    @Option(help: "small: up to 232 bytes. mixed: some of 64 KiB and of 1 MiB, too.")
    var payload = Payloads.mixed
    @Option(help: "\(Fault.allCases.map(\.rawValue).joined(separator: ", ")); all when not given.")
    var faults: [Fault] = []
    @Option(help: "Of both servers, in seconds.")
    var returnDelay = 1.0
    @Option(help: ArgumentHelp("The understudy program; the one beside this one when not given.", valueName: "path"))
    var program: String?
    @Flag(help: "Every machine and program has a key.")
    var keys = false
    @Flag(help: "Print what every machine logged last.")
    var logs = false

    var wantedFaults: [Fault] { faults.isEmpty ? Fault.allCases : faults }

    func run() async throws {
        let seed = seed ?? .random(in: 1...999_999)
        print(
            "seed \(seed), \(seconds) s of faults, \(rate) publishes a second of \(writers) writers, \(readers) readers"
        )
        let recorder = try Recorder()
        let history: History
        do { history = try await Run(options: self, seed: seed, recorder: recorder).history() } catch {
            recorder.removeFolder()
            throw error
        }
        let verdict = Judge.verdict(on: history)
        let violations = await recorder.violations + verdict.violations
        print(Report(history, violations, excused: verdict.excused))
        guard violations.isEmpty else {
            print("seed \(seed); what each program did and saw is in \(recorder.folder)")
            throw ExitCode.failure
        }
        recorder.removeFolder()
    }
}
