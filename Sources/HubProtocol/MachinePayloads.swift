import FailoverCore

/// `machines/NAME/status`
public struct MachineStatus: Payload {
    public enum State: String, Codable, Sendable, CaseIterable {
        case starting, online, leaving
        /// Went on purpose.
        case offline
        /// Its will said so, or the coordinator that knows it lost.
        case lost
    }

    public var state: State
    public var role: Role
    /// One run of the machine; the will of an older run is ignored.
    public var session: String
    public var address: String
    public var version: String
    /// The type of the licence that the machine was started with, also after its end; `nil`: without one.
    public var license: String?
    /// 1 to 3. Without keys everyone has level 3.
    public var permission: Int
    /// When this run began.
    public var since: UTCTime
    /// Under which this machine's votes are kept; `nil`: it cannot vote. See `WitnessIdentity`.
    public var ballotBox: String?
    /// When the machine's key ends; `nil`: it has none.
    public var keyExpires: UTCTime?

    public init(
        state: State, role: Role, session: String, address: String, version: String, license: String? = nil,
        permission: Int, since: UTCTime, ballotBox: String? = nil
    ) {
        self.state = state
        self.role = role
        self.session = session
        self.address = address
        self.version = version
        self.license = license
        self.permission = permission
        self.since = since
        self.ballotBox = ballotBox
    }

    public func with(_ state: State) -> Self {
        var copy = self
        copy.state = state
        return copy
    }
}

/// `machines/NAME/heartbeat`
public struct MachineHeartbeat: Payload {
    public var session: String
    public var sequence: UInt64
    public var intervalMs: Int
    @NullWhenNil public var epoch: Epoch?

    /// After this many intervals the broker drops a heartbeat, so that a dead machine leaves none.
    public static let intervalsToExpiry = 3

    public init(session: String, sequence: UInt64, intervalMs: Int, epoch: Epoch?) {
        self.session = session
        self.sequence = sequence
        self.intervalMs = intervalMs
        self.epoch = epoch
    }
}

/// `machines/NAME/links`
public struct MachineLinks: Payload {
    public enum State: String, Codable, Sendable {
        case up, lost
    }

    public var hubs: [String: State]
    /// Of a witness: whose election heartbeats it hears; `nil` for a machine that does not vote.
    public var control: [String: State]?
    @NullWhenNil public var following: MachineName?
    @NullWhenNil public var epoch: Epoch?

    public init(
        hubs: [MachineName: State], control: [MachineName: State]?, following: MachineName?, epoch: Epoch?
    ) {
        let named = { (states: [MachineName: State]) in
            Dictionary(uniqueKeysWithValues: states.map { ($0.key.description, $0.value) })
        }
        self.hubs = named(hubs)
        self.control = control.map(named)
        self.following = following
        self.epoch = epoch
    }
}

/// `machines/NAME/switch`: the machine's last switch.
public struct MachineSwitch: Payload {
    public var epoch: Epoch
    public var from: MachineName
    public var to: MachineName
    public var outageMs: Double
    public var reason: Reason

    public init(_ report: Follower.Switch) {
        epoch = report.epoch
        from = report.from
        to = report.to
        outageMs = (report.outage.inMilliseconds * 10).rounded() / 10
        reason = report.reason
    }
}

// What every machine says in the middle of a switch, without Foundation's encoder, which would take longer than all the rest
// of it. Names and states need no escapes.

extension MachineLinks {
    public var encoded: [UInt8] {
        guard (Array(hubs.keys) + (control ?? [:]).keys).allSatisfy({ MachineName($0) != nil }) else {
            return generallyEncoded
        }
        let control = control.map { "\"control\":\(Self.text(of: $0))," } ?? ""
        let following = following.map { "\"\($0.description)\"" } ?? "null"
        let epoch = epoch.map { String($0.number) } ?? "null"
        return Array("{\(control)\"epoch\":\(epoch),\"following\":\(following),\"hubs\":\(Self.text(of: hubs))}".utf8)
    }

    private static func text(of states: [String: State]) -> String {
        let members = states.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value.rawValue)\"" }
        return "{\(members.joined(separator: ","))}"
    }
}

extension MachineSwitch {
    public var encoded: [UInt8] {
        let machines = "\"from\":\"\(from.description)\",\"outageMs\":\(outageMs)"
        return Array(
            "{\"epoch\":\(epoch.number),\(machines),\"reason\":\"\(reason.rawValue)\",\"to\":\"\(to.description)\"}"
                .utf8)
    }
}
