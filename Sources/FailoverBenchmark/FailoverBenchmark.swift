import ArgumentParser
import FailoverCore
import Glibc
import Histogram
import LocalSite

/// Measures, on real processes, how long a fault of Main is felt.
@main
struct FailoverBenchmark: AsyncParsableCommand {
    enum Fault: String, ExpressibleByArgument, CaseIterable {
        /// SIGKILL to the server and its brokers.
        case killed
        /// SIGSTOP to the server and its brokers.
        case hung
    }

    static let configuration = CommandConfiguration(
        abstract: "From a fault of Main to the Backup's announcement, and to the last client that follows it.")

    @Option(help: "killed or hung; both when not given.")
    var fault: Fault?
    @Option var runs = 11
    @Option var clients = 5

    func run() async throws {
        let names = (1...clients).map { MachineName("client-\($0)")! }
        let site = try await LocalSite(returnDelay: 0.2)
        do {
            try await site.startAll(clients: names)
            for fault in fault.map({ [$0] }) ?? Fault.allCases { try await measure(fault, names, site) }
        } catch {
            await site.end()
            throw error
        }
        await site.end()
    }

    private func measure(_ fault: Fault, _ names: [MachineName], _ site: LocalSite) async throws {
        var announced = Figures()
        var followed = Figures()
        var reported = Figures()
        let backup = site.backup
        for _ in 0..<runs {
            guard let main = await site.process(of: site.main.name) else { return }
            let tree = main.tree.members
            let start = ContinuousClock.now
            async let announcement = site.watch.wait(for: "hub/active on the Backup") {
                $0.isActive(backup.name, at: backup.endpoint)
            }
            async let everyone = site.waitForBackup(names)
            for process in tree { kill(process, fault == .killed ? SIGKILL : SIGSTOP) }
            announced.add(try await announcement - start)
            followed.add(try await everyone - start)
            for machine in await site.watch.view.machines where names.contains(machine.key) {
                reported.add(.microseconds(Int64((machine.value.lastSwitch?.outageMs ?? 0) * 1000)))
            }
            // A run that starts anew: one that only went on would wait longer for each return.
            try await main.kill()
            try await site.start(site.main)
            try await site.waitForHome(names)
        }
        print("Main \(fault.rawValue), \(names.count) clients, \(runs) runs, milliseconds min / median / max")
        print("  hub/active on the Backup names it   \(announced)")
        print("  last client follows it              \(followed)")
        print("  outage that the clients report      \(reported)")
    }
}

/// Spans of time, kept to a microsecond.
struct Figures: CustomStringConvertible {
    private var histogram = Histogram<UInt64>(
        lowestDiscernibleValue: 1, highestTrackableValue: 600_000_000, numberOfSignificantValueDigits: .three)

    mutating func add(_ span: Duration) { histogram.record(UInt64(max(0, span.inNanoseconds / 1000))) }

    var description: String {
        [histogram.min, histogram.valueAtPercentile(50), histogram.max].map { text($0) }.joined(separator: " / ")
    }

    private func text(_ microseconds: UInt64) -> String { "\(Double(microseconds / 100) / 10)" }
}
