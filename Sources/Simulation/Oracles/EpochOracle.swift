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
        var orders = 0
        /// The pairs that were lost while the last order was carried out.
        var lostPairs = 0
    }

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
        if core.isFollowingOrder, record.previous == record.holder, [.mainLost, .backupLost].contains(record.reason) {
            run.lostPairs += 1
        }
        runs[index] = run
        let most = Self.most(in: site.now - run.began) + run.orders
        site.tally.noteLosses(run.losses, of: most)
        if run.losses > most {
            say(
                "\(server.node) began \(run.losses) epochs in \((site.now - run.began).inSeconds) s; \(most) are enough"
            )
        }
        if run.lostPairs > Self.mostLostPairs {
            say("\(server.node) lost \(run.lostPairs) pairs over one order; \(Self.mostLostPairs) are enough")
        }
    }

    /// It may end the pause before a pair once.
    func ordered(_ server: ServerMachine) {
        runs[server.node.index]?.orders += 1
        runs[server.node.index]?.lostPairs = 0
    }

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

    /// In the 5 s that an order may take: the pair that there was, and those after pauses of 0.5, 1 and 2 s. One that was
    /// lost before the order may be made anew at once, but the pause after the next loss is longer then.
    private static let mostLostPairs = 4

    private func say(_ sentence: String) { violation = violation ?? sentence }
}
