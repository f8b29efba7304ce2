import FailoverCore
import Foundation

/// Epochs are not burnt, however often a link flaps or a server hangs.
final class EpochOracle {
    private(set) var violation: String?
    private var runs: [Run?] = [nil, nil]

    private struct Run {
        var began: Instant
        var last: Epoch?
        var losses = 0
        /// When it went on without its standby.
        var pauses: [Instant] = []
        var orders: [Instant] = []
    }

    /// The longest that an order takes until it is answered (5 s), and a moment.
    private static let order = Span.milliseconds(5500)
    private static let moment = Span.seconds(5)

    func observe(_ server: ServerMachine, _ core: Coordinator, _ site: Site) {
        let index = server.node.index
        if runs[index] == nil { runs[index] = Run(began: site.now) }
        guard core.isActive, let record = core.record, record.epoch != runs[index]?.last else { return }
        runs[index]?.last = record.epoch
        // Clients that come and go may renew a pair as often as they do. A server that is being stopped does not pause
        // between two pairs: for the second that it has, a standby that relieves it is worth some epochs. Operators order
        // as often as they like.
        guard record.reason != .witnessesChanged, record.by == nil, !core.isLeaving, var run = runs[index] else {
            return
        }
        run.losses += 1
        if record.previous == record.holder, record.reason == .mainLost || record.reason == .backupLost {
            run.pauses.append(site.now)
        }
        runs[index] = run
        let most = Self.most(in: site.now - run.began) + run.orders.count
        site.tally.noteLosses(run.losses, of: most)
        if run.losses > most {
            say("\(server.node) began \(run.losses) epochs in \((site.now - run.began).inSeconds) s; \(most) are enough")
        }
        let pauses = run.pauses.count { site.now - $0 < Self.moment }
        let mostPauses = Self.mostPauses + run.orders.count { site.now - $0 < Self.moment + Self.order }
        if pauses > mostPauses {
            say("\(server.node) lost \(pauses) pairs within \(Self.moment.inSeconds) s; \(mostPauses) are enough")
        }
    }

    /// It may end the pause before a pair once.
    func ordered(_ server: ServerMachine, at instant: Instant) { runs[server.node.index]?.orders.append(instant) }

    func ended(_ server: ServerMachine) { runs[server.node.index] = nil }

    /// How many epochs one run of a server may begin in this time, other witnesses apart.
    ///
    /// Each loss of a standby doubles the pause before the next pair: 0.5 s at first, 30 s at most. To lose its own place
    /// and get it back takes a server a return delay of 5 s or more (Main), or the other server's loss after one
    /// (Backup). The first epoch of a run is free.
    private static func most(in span: Span) -> Int {
        let seconds = span.inSeconds
        let pauses = Int(log2(2 * seconds + 1)) + 1
        return 2 + pauses + Int(seconds / 5)
    }

    /// Pairs that may be lost in any 5 s: the first, and those after pauses of 0.5, 1 and 2 s. A server that was restarted
    /// may begin one more epoch for the same reason. Each order may end one pause.
    private static let mostPauses = 5

    private func say(_ sentence: String) { violation = violation ?? sentence }
}
