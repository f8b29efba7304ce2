import FailoverCore
import HubProtocol
import Replication

/// What one message went through, as the world saw it: not as the code that is judged tells it.
struct ShowRecord {
    let number: Int
    /// `nil`: its author knows none.
    let identity: MessageIdentity?
    let author: Node
    let topic: String
    let isRetained: Bool
    let isDeletion: Bool
    let publishedAt: Instant
    /// A hub's broker took it from its author first and last.
    var firstTaken: Instant?
    var lastTaken: Instant?
    /// Of the servers whose replicators read it there.
    var epochs: (lowest: Epoch, highest: Epoch)?
    /// Which run of each hub had it as news.
    var newsAt: [Int32?] = [nil, nil]
    /// Which run of each hub took it from its author, and its place among what that one took.
    var takenAt: [(run: Int32, place: Int)?] = [nil, nil]
    /// By a later run of a hub that had lost it.
    var wasTakenAgain = false
    /// When each hub had it first, in whatever way.
    var reachedAt: [Instant?] = [nil, nil]
    /// Of an author without identities, and given to a hub again that had started anew: what it had was not known.
    var wasCopiedAnew = false
    /// On a hub that was not active.
    var wasTakenAside = false
    var confirmed: Instant?
    /// The pair stood all the time from the moment at which a hub took it to its confirmation.
    var isConfirmedByPair = false
    /// Nothing is promised of it any more.
    var isExcused = false

    /// One run of one hub, which was active, took both from their authors, and no other one.
    func wasTaken(where other: ShowRecord) -> Bool {
        guard !wasTakenAside, !other.wasTakenAside, !wasTakenTwice, !other.wasTakenTwice else { return false }
        return zip(takenAt, other.takenAt).contains { pair in pair.0.map { $0.run == pair.1?.run } ?? false }
    }

    /// Its author repeated it on the other hub.
    private var wasTakenTwice: Bool { takenAt.allSatisfy { $0 != nil } }

    /// Whether it may stand where `other` stood: a hub took it later, or in a later epoch.
    func mayReplace(_ other: ShowRecord) -> Bool {
        guard let lastTaken else { return false }
        if number == other.number { return true }
        // A later epoch wins over whatever an earlier one still took.
        if let epochs, let before = other.epochs, epochs.highest < before.lowest { return false }
        if lastTaken >= other.publishedAt { return true }
        guard let epochs, let before = other.epochs else { return true }
        if epochs.highest > before.lowest { return true }
        // Nor can be told which is later of two that two hubs took without having heard of the other's.
        return (0...1).contains { hub in
            guard other.takenAt[hub] != nil, let taken = other.firstTaken else { return false }
            return reachedAt[hub].map { $0 > taken } ?? true
        }
    }
}
