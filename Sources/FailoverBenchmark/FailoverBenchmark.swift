import ArgumentParser
import FailoverCore
import Foundation
import HubClient
import LocalSite

/// Measures, on real processes, how long a fault is felt. Each run is a site of its own.
@main
struct FailoverBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "How long the loss of a server is felt: from the fault to each client's next publish.",
        discussion: """
            Of Main's faults: until hub/active on the Backup names it, and until the last client's next message has passed \
            through the Backup's hub. Of the Backup's faults: until Main may go on without it, and the longest wait of a \
            publisher on Main until a message is confirmed as replicated. Spans in milliseconds, minimum / median / maximum.
            """)

    @Option(help: "\(Fault.allCases.map(\.rawValue).joined(separator: ", ")); all when not given.")
    var fault: [Fault] = []
    @Option var runs = 21
    @Option var clients = 5
    @Flag(help: "Each run once more on a site with keys, in turn, so that the two can be compared.")
    var keys = false
    @Flag(help: "Once each: what every machine did since the fault, one line for each step.")
    var trace = false

    func run() async throws {
        // Reading what they log would take the time of this machine that is measured.
        setenv("UNDERSTUDY_LOG_LEVEL", trace ? "debug" : "error", 1)
        for fault in fault.isEmpty ? Fault.allCases : fault {
            guard !fault.needsNetwork || geteuid() == 0 else {
                print("\(fault.description): skipped, it needs root")
                continue
            }
            try await measure(fault)
        }
    }

    private func measure(_ fault: Fault) async throws {
        let sites = keys ? [false, true] : [false]
        var figures = sites.map { _ in (first: Figures(), second: Figures()) }
        for _ in 0..<(trace ? 1 : runs) {
            for (number, hasKeys) in sites.enumerated() {
                let spans = try await Run.measure(fault, clients: clients, hasKeys: hasKeys, trace: trace)
                figures[number].first.add(spans.0)
                figures[number].second.add(spans.1)
            }
        }
        guard !trace else { return }
        for (hasKeys, figures) in zip(sites, figures) {
            print("\(fault.description), \(clients) clients, \(runs) runs\(hasKeys ? ", with keys" : "")")
            print(
                "  \(fault.hitsMain ? "hub/active on the Backup names it      " : "Main may go on without the Backup      ") \(figures.first)"
            )
            print(
                "  \(fault.hitsMain ? "last client's publish through the Backup" : "longest wait of a publisher on Main    ") \(figures.second)"
            )
        }
    }
}
