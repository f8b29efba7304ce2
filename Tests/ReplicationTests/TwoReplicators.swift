import FailoverCore
import HubProtocol

@testable import Replication

/// Main's and the Backup's replicator, with a way between them that brings everything at once.
struct TwoReplicators {
    private var both: [Replicator]
    /// What is sent meanwhile is lost.
    var isOpen = true
    /// What each hub got from the other one as news.
    var news: [[Write]] = [[], []]
    /// The highest that each hub has confirmed.
    var confirmed: [UInt64] = [0, 0]
    var copied: [String] = []
    /// Tokens of authors who were told what a hub has.
    var answers: [String] = []

    init() {
        both = ["main-1", "backup-1"].enumerated().map { side, name in
            Replicator(run: "run-\(side)", replica: Replica(me: MachineName(name)!), epoch: Epoch(4))
        }
    }

    mutating func openBoth() {
        for side in 0...1 { handle(.peerOpened(stream: UInt64(side) + 1), at: side) }
    }

    mutating func publish(_ topic: String, _ identity: String, retain: Bool, at side: Int) {
        let message = HubMessage(
            topic: topic, payload: Array(identity.utf8), isRetained: retain, identity: MessageIdentity(identity))
        handle(.arrived(message), at: side)
    }

    mutating func confirmTaken(at side: Int) {
        for directive in both[side].confirmTaken() { carryOut(directive, side) }
    }

    mutating func handle(_ event: Replicator.Event, at side: Int) {
        for directive in both[side].handle(event) { carryOut(directive, side) }
        for side in [side, 1 - side] where both[side].wantsFlush {
            for directive in both[side].flush() { carryOut(directive, side) }
        }
    }

    private mutating func carryOut(_ directive: Replicator.Directive, _ side: Int) {
        switch directive {
        case .publish(let write, let isNews):
            if isNews { news[side].append(write) }
            handle(.answered(write), at: side)
        case .confirm(_, let confirmation):
            confirmed[side] = max(confirmed[side], confirmation.replicated)
            if let token = confirmation.token { answers.append(token) }
        case .send(let frame):
            if isOpen { handle(.frame(frame, from: both[side].replica.me), at: 1 - side) }
        case .sync(let progress, _): handle(.stored(progress), at: side)
        case .copied(let session): copied.append(session)
        default: break
        }
    }
}
