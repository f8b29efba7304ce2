import Foundation
import LocalSite

/// What every machine did since the fault, one line for each step.
struct Trace: CustomStringConvertible {
    let site: LocalSite
    let fault: Date
    let steps: [(machine: String, line: LogLine)]

    init(_ site: LocalSite, since fault: Date) async {
        self.site = site
        self.fault = fault
        steps = await site.runs.flatMap { run in
            run.process.lines.compactMap(LogLine.init).map { ("\(run.machine)", $0) }
        }.filter { $0.1.moment >= fault }.sorted { $0.1.moment < $1.1.moment }
    }

    var description: String {
        steps.map { step in
            let milliseconds = String(format: "%8.2f ms", step.line.moment.timeIntervalSince(fault) * 1000)
            return
                "  \(milliseconds)  \(step.machine.padding(toLength: 10, withPad: " ", startingAt: 0)) \(step.line.text)"
        }.joined(separator: "\n")
    }
}
