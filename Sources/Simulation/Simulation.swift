import ArgumentParser
import Foundation

/// Plays whole sites through years of bad days, on the product's own election code.
@main
struct Simulation: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Simulate whole sites with random faults: no two hubs act, nothing confirmed is lost, each finds back.",
        discussion: "One seed decides everything. On a failure it prints the command that replays it, and exits 1.")

    @Option(help: "How many seeds to run.")
    var seeds: UInt64 = 1000
    @Option(help: "The first of them.")
    var firstSeed: UInt64 = 1
    @Option(help: "Run this one only.")
    var seed: UInt64?
    @Option(help: "End after so many failures; more of them rarely tell more.")
    var failures = 10
    @Flag(help: "Show what happens.")
    var trace = false

    func run() throws {
        try iterateAlike()
        let chosen = seed.map { $0...$0 } ?? firstSeed...(firstSeed + max(seeds, 1) - 1)
        let began = ContinuousClock.now
        var total = Run.Outcome()
        var (runs, failed) = (0, 0)
        for seed in chosen {
            let outcome = Run(seed: seed, isTraced: trace).outcome()
            runs += 1
            total.seconds += outcome.seconds
            total.tally.add(outcome.tally)
            guard let violation = outcome.violation else { continue }
            failed += 1
            say("seed \(seed), after \(text(outcome.seconds)) s: \(violation)")
            say("  swift run -c release Simulation --seed \(seed) --trace")
            if failed == failures { break }
        }
        say(summary(of: total, seeds: runs, wall: began.duration(to: .now)))
        if failed > 0 { throw ExitCode.failure }
    }

    /// The code under test goes through dictionaries, whose order is another one in every process unless the environment
    /// says otherwise from its beginning on.
    private func iterateAlike() throws {
        let name = "SWIFT_DETERMINISTIC_HASHING"
        guard getenv(name) == nil else { return }
        setenv(name, "1", 1)
        var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
        execv("/proc/self/exe", &arguments)
        throw ValidationError("could not start anew with \(name)")
    }

    private func summary(of total: Run.Outcome, seeds: Int, wall: Duration) -> String {
        let tally = total.tally
        let faults = tally.faults.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.value) \($0.key)" }
        let orders = tally.orders.sorted { $0.key.rawValue < $1.key.rawValue }.map {
            "\($0.value.given) \($0.key) (\($0.value.done) done, \($0.value.refused) refused)"
        }
        return
            "\(seeds) seeds, \(text(total.seconds)) s simulated, \(tally.epochs) epochs, \(tally.switches) switches; "
            + "watched: \(tally.takeoversWatched) takeovers, \(tally.staysWatched) losses of the Backup alone; "
            + "longest recovery \(text(tally.longestRecovery.inSeconds)) s; most epochs of a run "
            + "\(Int(tally.mostLosses * 100)) % of the bound; faults: \(faults.joined(separator: ", ")), "
            + "\(tally.lostStores) lostStores; orders: \(orders.joined(separator: ", ")); show: \(tally.show.text); in \(text(Double(wall.components.seconds) + Double(wall.components.attoseconds) / 1e18)) s"
    }

    private func text(_ seconds: Double) -> String { String(format: "%.1f", seconds) }
}

/// Unbuffered, so that a run that is ended has shown what it found.
private func say(_ line: String) {
    fflush(nil)
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
}
