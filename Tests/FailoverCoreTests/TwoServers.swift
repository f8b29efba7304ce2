@testable import FailoverCore

/// Main's and Backup's coordinators on one simulated clock, with a network and disks that a test can break.
struct TwoServers {
    enum Side: CaseIterable {
        case main, backup
        var other: Side { self == .main ? .backup : .main }
    }

    private(set) var now = MonotonicTime(nanoseconds: 0)
    private(set) var coordinators: [Side: Coordinator] = [:]
    private(set) var disks: [Side: Record] = [:]
    private(set) var lastDirectives: [Side: [Coordinator.Directive]] = [:]
    /// Sides whose heartbeats reach nobody.
    var mute: Set<Side> = []
    /// Sides that are not run at all.
    var hung: Set<Side> = []
    /// Sides whose disks never answer.
    var slowDisk: Set<Side> = []
    var timing: Timing
    private var sessions = 0

    init(timing: Timing = Timing()) { self.timing = timing }

    var main: Coordinator { coordinators[.main]! }
    var backup: Coordinator { coordinators[.backup]! }
    var moment: Moment {
        Moment(monotonic: now, wall: Timestamp(millisecondsSince1970: 1_000_000 + now.nanoseconds / 1_000_000))
    }

    static func address(_ side: Side) -> ServerAddress {
        ServerAddress(
            name: MachineName(side == .main ? "main-1" : "backup-1")!, address: "10.0.0.1", port: 1883,
            controlPort: 1882)
    }

    mutating func start(_ side: Side, record: Record? = nil, returnsAutomatically: Bool = true) {
        sessions += 1
        disks[side] = record ?? disks[side]
        coordinators[side] = Coordinator(
            identity: .init(
                role: side == .main ? .main : .backup, address: Self.address(side), session: "session-\(sessions)",
                hasPeer: true, returnsAutomatically: returnsAutomatically),
            record: disks[side], timing: timing, at: moment)
    }

    /// The process is gone; what was on its disk stays.
    mutating func crash(_ side: Side) { coordinators[side] = nil }

    mutating func handle(_ event: Coordinator.Event, at side: Side) {
        let moment = moment
        guard let directives = coordinators[side]?.handle(event, at: moment) else { return }
        lastDirectives[side, default: []] += directives
        for directive in directives {
            switch directive {
            case .store(let record) where !slowDisk.contains(side):
                disks[side] = record
                handle(.stored(record), at: side)
            case .send(let heartbeat) where !mute.contains(side) && !hung.contains(side.other):
                handle(.heartbeat(heartbeat), at: side.other)
            default: break
            }
        }
    }

    /// Lets time pass, in steps of the nearest deadline.
    mutating func run(_ span: Duration) {
        let end = now + span
        while now < end {
            let deadlines = Side.allCases.compactMap { hung.contains($0) ? nil : coordinators[$0]?.nextDeadline }
            now = max(now + .microseconds(100), min(deadlines.min() ?? end, end))
            for side in Side.allCases where !hung.contains(side) { handle(.timePassed, at: side) }
        }
    }

    /// Both up, paired, Main active.
    static func paired(timing: Timing = Timing()) -> TwoServers {
        var servers = TwoServers(timing: timing)
        servers.start(.main)
        servers.start(.backup)
        servers.run(.milliseconds(200))
        return servers
    }
}
