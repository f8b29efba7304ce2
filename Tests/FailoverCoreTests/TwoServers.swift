@testable import FailoverCore

/// Main's and Backup's coordinators and their witnesses on one simulated clock, with a network and disks that a test
/// can break.
struct TwoServers {
    enum Side: CaseIterable {
        case main, backup
        var other: Side { self == .main ? .backup : .main }
        var name: MachineName { TwoServers.address(self).name }
    }

    private(set) var now = MonotonicTime(nanoseconds: 1_000_000_000)
    private(set) var coordinators: [Side: Coordinator] = [:]
    private(set) var witnesses: [Witness] = []
    private(set) var disks: [Side: Record] = [:]
    var lastDirectives: [Side: [Coordinator.Directive]] = [:]
    /// Sides whose heartbeats do not reach the other server.
    var mute: Set<Side> = []
    /// Sides whose heartbeats do not reach the witnesses, and to which their votes do not come.
    var cutFromWitnesses: Set<Side> = []
    /// Sides to which votes do not come.
    var deafToVotes: Set<Side> = []
    /// Sides that are not run at all.
    var hung: Set<Side> = []
    /// Sides whose disks never answer.
    /// The other server gets no copies of what is on this one's hub.
    var withoutCopies: Set<Side> = []
    var slowDisk: Set<Side> = []
    /// By how much the wall clock is wrong, in milliseconds.
    var wallOffset: Int64 = 0
    var timing: Timing
    private var sessions = 0

    init(timing: Timing = Timing(), witnesses count: Int = 1) {
        self.timing = timing
        witnesses = (0..<count).map {
            let identity = WitnessIdentity(name: MachineName("cam-\($0 + 1)")!, ballotBox: "box-\($0 + 1)")
            return Witness(identity: identity, ballot: nil, timing: timing, at: now)
        }
    }

    var main: Coordinator { coordinators[.main]! }
    var backup: Coordinator { coordinators[.backup]! }
    var moment: Moment {
        Moment(
            monotonic: now,
            wall: Timestamp(millisecondsSince1970: 1_000_000 + now.nanoseconds / 1_000_000 &+ wallOffset))
    }

    static func address(_ side: Side) -> ServerAddress {
        ServerAddress(
            name: MachineName(side == .main ? "main-1" : "backup-1")!, address: "10.0.0.1", port: 1883,
            controlPort: 1882)
    }

    mutating func start(_ side: Side, hasPeer: Bool = true, returnsAutomatically: Bool = true) {
        sessions += 1
        coordinators[side] = Coordinator(
            identity: .init(
                role: side == .main ? .main : .backup, address: Self.address(side), session: "session-\(sessions)",
                hasPeer: hasPeer, returnsAutomatically: returnsAutomatically),
            record: disks[side], timing: timing, at: moment)
        handle(.candidates(witnesses.map(\.identity)), at: side)
    }

    /// The process is gone; what was on its disk stays.
    mutating func crash(_ side: Side) { coordinators[side] = nil }

    /// The process is gone, and everybody who had a session with it sees that at once.
    mutating func kill(_ side: Side) {
        crash(side)
        for index in witnesses.indices { handle(.linkClosed(side.name, refused: true), atWitness: index) }
        handle(.linkClosed, at: side.other)
        handle(.linkRefused, at: side.other)
    }

    mutating func loseStore(_ side: Side) { disks[side] = nil }

    mutating func handle(_ event: Coordinator.Event, at side: Side) {
        let moment = moment
        guard let directives = coordinators[side]?.handle(event, at: moment) else { return }
        lastDirectives[side, default: []] += directives
        for directive in directives {
            switch directive {
            case .store(let record) where !slowDisk.contains(side):
                disks[side] = record
                handle(.stored(record), at: side)
            case .send(let heartbeat):
                if !mute.contains(side), !hung.contains(side.other) { handle(.heartbeat(heartbeat), at: side.other) }
                guard !cutFromWitnesses.contains(side) else { break }
                for index in witnesses.indices { handle(.heartbeat(heartbeat), atWitness: index) }
            case .mark(let session) where !withoutCopies.contains(side): handle(.copied(session: session), at: side)
            default: break
            }
        }
    }

    private mutating func handle(_ event: Witness.Event, atWitness index: Int) {
        for directive in witnesses[index].handle(event, at: now) {
            switch directive {
            case .store(let ballot): handle(.stored(ballot), atWitness: index)
            case .send(let vote):
                for side in Side.allCases
                where side.name == vote.candidate && !cutFromWitnesses.contains(side) && !deafToVotes.contains(side)
                    && !hung.contains(side)
                {
                    handle(.vote(vote), at: side)
                }
            }
        }
    }

    /// Lets time pass, in steps of the nearest deadline.
    mutating func run(_ span: Duration) {
        let end = now + span
        while now < end {
            let deadlines =
                Side.allCases.compactMap { hung.contains($0) ? nil : coordinators[$0]?.nextDeadline }
                + witnesses.map(\.nextDeadline)
            now = max(now + .microseconds(100), min(deadlines.min() ?? end, end))
            for index in witnesses.indices { handle(.timePassed, atWitness: index) }
            for side in Side.allCases where !hung.contains(side) { handle(.timePassed, at: side) }
        }
    }

    /// Both up, paired, Main active.
    static func paired(timing: Timing = Timing(), witnesses: Int = 1) -> TwoServers {
        var servers = TwoServers(timing: timing, witnesses: witnesses)
        servers.start(.main)
        servers.start(.backup)
        servers.run(.milliseconds(200))
        return servers
    }
}
