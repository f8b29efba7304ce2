import FailoverCore
import HubProtocol
import MQTTSession

/// What one hub's broker says, as it was last heard.
public struct HubView: Sendable {
    public internal(set) var server: HubServer?
    public internal(set) var active: HubActive?
    public internal(set) var state: HubState?
    public internal(set) var pair: HubPair?
    public internal(set) var history: HubHistory?
    public internal(set) var files: HubFiles?
    public internal(set) var shows: HubShows?
    public internal(set) var machines: [MachineName: MachineView] = [:]

    /// Malformed payloads are ignored, empty ones delete.
    mutating func apply(_ topic: Topic?, _ message: Message, at now: MonotonicTime) {
        let bytes = message.payload
        switch topic {
        case .hubServer: server = try? HubServer(decoding: bytes)
        case .hubActive: active = (try? HubActive(decoding: bytes)) ?? active
        case .hubState: state = (try? HubState(decoding: bytes)) ?? state
        case .hubPair: pair = (try? HubPair(decoding: bytes)) ?? pair
        case .hubHistory: history = (try? HubHistory(decoding: bytes)) ?? history
        case .hubFiles: files = (try? HubFiles(decoding: bytes)) ?? files
        case .hubShows: shows = (try? HubShows(decoding: bytes)) ?? shows
        case .machine(let name, let item):
            var machine = machines[name] ?? MachineView()
            switch item {
            case .status: machine.status = try? MachineStatus(decoding: bytes)
            case .links: machine.links = try? MachineLinks(decoding: bytes)
            case .switch: machine.lastSwitch = try? MachineSwitch(decoding: bytes)
            case .heartbeat:
                machine.heartbeatPayload = bytes
                machine.heardAt = bytes.isEmpty ? nil : now
                guard message.isRetained else { break }
                machine.heardAt = machine.heartbeat.map { now + .seconds(-$0.age(of: message)) }
            }
            machines[name] = machine == MachineView() ? nil : machine
        default: break
        }
    }
}

/// One machine, as a hub's broker has it.
public struct MachineView: Equatable, Sendable {
    public internal(set) var status: MachineStatus?
    /// Decoded when it is asked for: hundreds come each second, and mostly it only matters that they came.
    public var heartbeat: MachineHeartbeat? { try? MachineHeartbeat(decoding: heartbeatPayload) }
    var heartbeatPayload: [UInt8] = []
    /// When `heartbeat` came to the broker; to the second, for one that came before this observer looked on.
    public internal(set) var heardAt: MonotonicTime?
    public internal(set) var links: MachineLinks?
    public internal(set) var lastSwitch: MachineSwitch?
}

/// A whole site, from all of its hubs that could be reached.
public struct SiteView: Sendable {
    /// What became of the way to one hub.
    public enum Reach: Hashable, Sendable {
        case connecting
        case reached
        case failed(CloseReason)
    }

    public internal(set) var hubs: [Endpoint: HubView] = [:]
    public internal(set) var reach: [Endpoint: Reach] = [:]
    /// The Main server by which the site is known; `nil`: not known yet, and every hub counts.
    var main: MachineName?
    /// Rises with all that is heard but heartbeats.
    public internal(set) var news = 0

    /// The hub whose word counts: it knows the highest epoch, and is the active one if several know it.
    public var authority: HubView? {
        reachedHubs.max { left, right in
            let (one, other) = (left.rank, right.rank)
            return one < other
        }
    }

    /// Where the hub of this server was reached.
    public func endpoint(of server: MachineName) -> Endpoint? {
        hubs.first { reach[$0.key] == .reached && $0.value.server?.name == server }?.key
    }

    /// Nothing more is on its way.
    public var isSettled: Bool { !reach.values.contains(.connecting) }

    public var isReached: Bool { !reachedHubs.isEmpty }

    private var reachedHubs: [HubView] {
        hubs.filter { reach[$0.key] == .reached && !isForeign($0.value) }.map(\.value)
    }

    /// A hub of another site, whose epochs may be higher, has no word here.
    func isForeign(_ hub: HubView) -> Bool {
        guard let main, let other = hub.pair?.main?.name else { return false }
        return other != main
    }

    /// Every machine by name. What several hubs say of one is merged: online on either hub is online.
    public var machines: [MachineName: MachineView] {
        reachedHubs.reduce(into: [:]) { merged, hub in
            merged.merge(hub.machines) { one, other in
                var best = one.rank >= other.rank ? one : other
                let newest = [one, other].max { ($0.heardAt?.nanoseconds ?? -1) < ($1.heardAt?.nanoseconds ?? -1) }
                best.heartbeatPayload = newest?.heartbeatPayload ?? []
                best.heardAt = newest?.heardAt
                // A hub that the machine has lost keeps its old word.
                best.links = [one, other].filter { $0.links != nil }.max { $0.linksRank < $1.linksRank }?.links
                best.lastSwitch = [one.lastSwitch, other.lastSwitch].compactMap { $0 }.max { $0.epoch < $1.epoch }
                return best
            }
        }
    }
}

extension MachineHeartbeat {
    /// Seconds that the broker kept it, from what it left of its expiry interval.
    fileprivate func age(of message: Message) -> Int {
        guard let left = message.expirySeconds, (0...3_600_000).contains(intervalMs) else {
            return 0
        }
        return max(0, intervalMs * Self.intervalsToExpiry / 1000 - Int(left))
    }
}

extension HubView {
    fileprivate var rank: (UInt64, Int) {
        let isActive = active?.hub != nil && active?.hub == server?.name
        return (active?.epoch.number ?? state?.epoch?.number ?? 0, isActive ? 1 : 0)
    }
}

extension MachineView {
    /// The higher epoch goes first, then what was said where the machine was heard last.
    fileprivate var linksRank: (UInt64, Int64) { (links?.epoch?.number ?? 0, heardAt?.nanoseconds ?? .min) }

    /// A living status goes before a dead one, a newer run before an older one.
    fileprivate var rank: (Int, String) {
        let isAlive = [.online, .starting, .leaving].contains(status?.state)
        return (status == nil ? 0 : isAlive ? 2 : 1, status?.since.description ?? "")
    }
}
