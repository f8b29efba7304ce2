import FailoverCore
import Foundation
import LocalSite

/// When each server of a site was active, from what the servers themselves logged. They share one clock here.
struct Timeline: CustomStringConvertible {
    /// What one run of a server logged.
    struct Log {
        var server: MachineName
        var lines: [String]
        /// When the process ended; `nil` while it runs.
        var endedAt: Date?
    }

    struct Interval: Hashable {
        var server: MachineName
        /// The epoch that it began with; a server that goes on in a higher one stays active.
        var epoch: Epoch
        var start: Date
        /// `nil`: it is active still.
        var end: Date?
    }

    /// In the order in which they began.
    let intervals: [Interval]

    init(_ logs: [Log]) {
        intervals = logs.flatMap(Self.intervals(in:)).sorted { $0.start < $1.start }
    }

    subscript(server: MachineName) -> [Interval] { intervals.filter { $0.server == server } }

    /// Every two servers that were active at one moment.
    var overlaps: [(Interval, Interval)] {
        intervals.indices.flatMap { one in
            intervals.indices.dropFirst(one + 1).compactMap { other in
                let (earlier, later) = (intervals[one], intervals[other])
                let isOver = earlier.end.map { $0 <= later.start } ?? false
                return isOver || earlier.server == later.server ? nil : (earlier, later)
            }
        }
    }

    /// Whether the server was active within `tolerance` of this moment.
    func wasActive(_ server: MachineName, around moment: Date, tolerance: TimeInterval) -> Bool {
        self[server].contains {
            $0.start <= moment + tolerance && $0.end.map { $0 >= moment - tolerance } ?? true
        }
    }

    var description: String {
        guard let origin = intervals.first?.start else { return "nobody was active" }
        let seconds = { (moment: Date) in String(format: "%.4f s", moment.timeIntervalSince(origin)) }
        return intervals.map {
            "\($0.server) from epoch \($0.epoch), \(seconds($0.start)) to \($0.end.map(seconds) ?? "now")"
        }.joined(separator: "; ")
    }

    // MARK: - Reading

    private static func intervals(in log: Log) -> [Interval] {
        var found: [Interval] = []
        for line in log.lines.compactMap(LogLine.init) {
            guard let match = line.text.wholeMatch(of: change), let number = UInt64(match.epoch) else { continue }
            let at = line.moment
            if match.isActive != nil {
                found.append(Interval(server: log.server, epoch: Epoch(number), start: at))
            } else if found.last?.end == nil, let last = found.indices.last {
                // What it does after its lease has ended is not done as the active server (rule 2).
                let late = match.late.flatMap { Double($0) } ?? 0
                found[last].end = at.addingTimeInterval(-late / 1000)
            }
        }
        if let endedAt = log.endedAt, let last = found.indices.last {
            found[last].end = min(found[last].end ?? endedAt, endedAt)
        }
        return found
    }

    /// "epoch 7: this hub stands down; its lease ended 0.3 ms ago"
    private static var change: Regex<(Substring, epoch: Substring, isActive: Substring?, late: Substring?)> {
        #/epoch (?<epoch>\d+): this hub (?:(?<isActive>is active).*|stands down(?:; its lease ended (?<late>[0-9.]+) ms ago)?)/#
    }
}
