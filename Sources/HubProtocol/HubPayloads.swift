import FailoverCore

/// `hub/active`: the newest epoch that the coordinator beside this broker knows.
public struct HubActive: Payload {
    public var epoch: Epoch
    /// `nil` while this side has stood down.
    @NullWhenNil public var hub: MachineName?
    @NullWhenNil public var address: String?
    @NullWhenNil public var port: UInt16?
    @NullWhenNil public var previous: MachineName?
    public var reason: Reason
    /// What was seen that began the epoch, in one sentence.
    public var evidence: String?
    /// How long `previous` had been silent when `hub` claimed the epoch, in milliseconds.
    public var silenceMs: Double?
    public var since: UTCTime

    public init(record: Record, standsDown: Bool) {
        epoch = record.epoch
        let holder = [record.main, record.backup].compactMap { $0 }.first { $0.name == record.holder }
        hub = standsDown ? nil : record.holder
        address = standsDown ? nil : holder?.address
        port = standsDown ? nil : holder?.port
        previous = record.previous
        reason = record.reason
        evidence = record.evidence
        silenceMs = record.silenceMs
        since = UTCTime(record.since)
    }

    public var announcement: Follower.Announcement {
        .init(epoch: epoch, hub: hub, reason: reason, silence: Self.believableSilence(milliseconds: silenceMs))
    }

    /// A span of time that no site can have seen is not believed.
    fileprivate static func believableSilence(milliseconds: Double?) -> Duration {
        let silence = milliseconds.map { $0.isFinite ? min(max($0, 0), 3_600_000) : 0 } ?? 0
        return .microseconds(Int64(silence * 1000))
    }
}

extension Follower.Announcement {
    /// From `hub/active`, of which following needs no more than this.
    public init(hubActive bytes: [UInt8]) throws(MalformedPayload) {
        if let plain = Self(flat: bytes) { self = plain } else { self = try HubActive(decoding: bytes).announcement }
    }

    /// Returns `nil` for what a server would not write, which may still be right.
    private init?(flat bytes: [UInt8]) {
        guard bytes.count <= HubActive.maximumBytes, let active = FlatObject(bytes),
            let epoch: UInt64 = active.number("epoch"), epoch <= UInt64(Int64.max),
            let reason = active.text("reason").flatMap(Reason.init(rawValue:))
        else { return nil }
        let hub = active.text("hub").flatMap(MachineName.init)
        let silenceMs: Double? = active.number("silenceMs")
        guard hub != nil || active.isNull("hub"), silenceMs != nil || active.isNull("silenceMs") else { return nil }
        self.init(
            epoch: Epoch(epoch), hub: hub, reason: reason, silence: HubActive.believableSilence(milliseconds: silenceMs)
        )
    }
}

/// `hub/state`: where the site stands, and whether a failover would be safe now.
public struct HubState: Payload {
    /// What keeps a failover from being safe now.
    public enum Missing: String, Codable, Sendable, CaseIterable {
        case backup, backupUnreachable, replication, license, keysDiffer, clientsWithoutBackup, serverLink
    }

    /// What is worth knowing, but keeps nothing from being safe.
    public enum Warning: String, Codable, Sendable, CaseIterable {
        case noKeys, noWitness, licenseEnding, keysEnding, diskSpace
    }

    @NullWhenNil public var epoch: Epoch?
    public var phase: Phase
    public var chip: String
    public var ready: Bool
    public var missing: [Missing]
    public var warnings: [Warning]
    /// Messages that the other hub has not got yet; about one second old.
    public var messagesBehind: Int?

    public init(
        epoch: Epoch?, phase: Phase, hasPair: Bool, missing: [Missing], warnings: [Warning], messagesBehind: Int? = nil
    ) {
        self.epoch = epoch
        self.phase = phase
        chip = phase.chip(hasPair: hasPair)
        ready = missing.isEmpty
        self.missing = missing
        self.warnings = warnings
        self.messagesBehind = messagesBehind
    }
}

/// `hub/pair`: the pair record, as clients and tools see it.
public struct HubPair: Payload {
    public enum Mode: String, Codable, Sendable {
        case alone, pairing, paired
    }

    public enum Return: String, Codable, Sendable, CaseIterable {
        case auto, manual
    }

    @NullWhenNil public var epoch: Epoch?
    public var version: UInt64
    @NullWhenNil public var holder: MachineName?
    public var mode: Mode
    @NullWhenNil public var main: ServerAddress?
    @NullWhenNil public var backup: ServerAddress?
    /// The clients that vote.
    public var witnesses: [MachineName]
    public var `return`: Return

    /// - Parameters:
    ///   - isOutside: see `Coordinator.isOutside`.
    ///   - added: the server that is being added, as long as the record names none.
    public init(
        record: Record?, own: ServerAddress, role: Role, isPairing: Bool, isOutside: Bool, added: ServerAddress?,
        returns: Return
    ) {
        epoch = record?.epoch
        version = record?.version ?? 0
        holder = record?.holder
        mode = record?.mode == .paired ? .paired : isPairing || added != nil ? .pairing : .alone
        main = role == .main ? own : record?.main
        backup = role == .backup && !isOutside ? own : record?.backup ?? added
        witnesses = record?.witnesses.map(\.name) ?? []
        self.return = returns
    }
}

/// `hub/history`: the last transitions and, among them, the last commands that were given on either hub, newest first.
public struct HubHistory: Payload {
    public static let maximumCount = 50
    /// Of those, so that many commands do not push out every transition.
    public static let maximumCommands = 25

    public struct Transition: Codable, Hashable, Sendable {
        public var epoch: Epoch
        @NullWhenNil public var from: MachineName?
        public var to: MachineName
        public var reason: Reason
        public var evidence: String?
        public var at: UTCTime
        /// Who decided: a user, or `coordinator`.
        public var by: String
    }

    /// What a user asked of the site, and what came of it.
    public struct Command: Codable, Hashable, Sendable {
        public enum Outcome: String, Codable, Sendable {
            case ok, refused
        }

        /// As in its topic, such as `backup/add`.
        public var command: String
        public var by: String
        public var at: UTCTime
        /// When it was answered.
        @NullWhenNil public var epoch: Epoch?
        public var outcome: Outcome
        public var code: String?
        public var message: String?

        public init(
            _ command: String, by user: MachineName, at moment: UTCTime, epoch: Epoch?, _ response: CommandResponse
        ) {
            (self.command, by, at, self.epoch) = (command, user.description, moment, epoch)
            outcome = response.status == .ok ? .ok : .refused
            (code, message) = (response.code?.rawValue, response.message)
        }
    }

    private enum Entry: Codable, Hashable, Sendable {
        case transition(Transition)
        case command(Command)

        init(from decoder: any Decoder) throws {
            if let command = try? Command(from: decoder) {
                self = .command(command)
            } else {
                self = .transition(try Transition(from: decoder))
            }
        }

        var at: UTCTime {
            switch self {
            case .transition(let transition): transition.at
            case .command(let command): command.at
            }
        }

        func encode(to encoder: any Encoder) throws {
            switch self {
            case .transition(let transition): try transition.encode(to: encoder)
            case .command(let command): try command.encode(to: encoder)
            }
        }
    }

    private var entries: [Entry] = []

    private enum CodingKeys: String, CodingKey {
        case entries = "transitions"
    }

    public init() {}

    public var transitions: [Transition] {
        entries.compactMap { if case .transition(let transition) = $0 { transition } else { nil } }
    }

    public var commands: [Command] {
        entries.compactMap { if case .command(let command) = $0 { command } else { nil } }
    }

    /// Adds the transition that began the record's epoch, unless it is there already.
    public mutating func note(_ record: Record) {
        guard record.epoch > transitions.first?.epoch ?? Epoch(0) else { return }
        let transition = Transition(
            epoch: record.epoch, from: record.previous, to: record.holder, reason: record.reason,
            evidence: record.evidence, at: UTCTime(record.since), by: record.by?.description ?? "coordinator")
        entries = [.transition(transition)] + entries.prefix(Self.maximumCount - 1)
    }

    /// Adds the commands that were given on the other hub, each where its time is.
    public mutating func note(commandsOf other: HubHistory) {
        let known = Set(commands)
        for command in other.commands.prefix(Self.maximumCommands).reversed() where !known.contains(command) {
            let moment = command.at.timestamp
            let place = entries.firstIndex { $0.at.timestamp <= moment } ?? entries.endIndex
            entries.insert(.command(command), at: place)
        }
        // In the same order on both: two hubs that tell each other must come to an end.
        let kept = Set(commands.sorted { $1.rank < $0.rank }.prefix(Self.maximumCommands))
        entries.removeAll { if case .command(let command) = $0 { !kept.contains(command) } else { false } }
        entries = Array(entries.prefix(Self.maximumCount))
    }

    public mutating func note(_ command: Command) {
        if commands.count == Self.maximumCommands,
            let oldest = entries.lastIndex(where: { if case .command = $0 { true } else { false } })
        {
            entries.remove(at: oldest)
        }
        entries = [.command(command)] + entries.prefix(Self.maximumCount - 1)
    }
}

extension HubHistory.Command {
    fileprivate var rank: (Timestamp, String) { (at.timestamp, "\(self)") }
}

/// `hub/server`: which server this broker belongs to. It tells a machine that knows only an address whom it reached,
/// and the other server where the control broker is.
public struct HubServer: Payload {
    public var name: MachineName
    public var role: Role
    public var session: String
    public var address: String
    public var port: UInt16
    public var controlPort: UInt16
    /// The Main server whose Backup this one is.
    public var main: MachineName?
    /// The server's licence with its issuer's signature, which the other server verifies by itself; `nil`: it shows none.
    public var license: String?
    /// Where a Main server's files lie; see `HubFiles.url`.
    public var files: String?

    public init(
        role: Role, session: String, address: ServerAddress, main: MachineName? = nil, license: String? = nil,
        files: String? = nil
    ) {
        name = address.name
        self.role = role
        self.session = session
        self.address = address.address
        port = address.port
        controlPort = address.controlPort
        self.main = main
        self.license = license
        self.files = files
    }
}

/// `hub/keys`: what each server hears from the other one, so that both remember.
public struct HubKeys: Payload {
    /// See `KeysRevokeCommand`.
    public var revoked: [String]

    public init(revoked: [String]) { self.revoked = revoked }
}

extension HubState.Missing {
    /// For people: what is wrong, and what to do.
    public var sentence: String {
        switch self {
        case .backup: "no second server stands by: add a Backup server, or wait until the two servers are paired"
        case .backupUnreachable: "the Backup server cannot be reached: start it, or check its network"
        case .replication: "the other hub does not have the whole state of the show yet"
        case .license: "a Server with failover licence is missing"
        case .keysDiffer: "the keys of the two servers do not go together: both need one of this site"
        case .clientsWithoutBackup: "some clients do not reach the hub of the Backup server"
        case .serverLink: "the two servers do not see each other"
        }
    }
}

extension HubState.Warning {
    /// For people: what is worth knowing.
    public var sentence: String {
        switch self {
        case .noKeys: "without keys everyone on this network may read and change the show"
        case .noWitness: "too few clients hear both servers to tell a lost Main from a cut cable"
        case .licenseEnding: "a licence ends soon"
        case .keysEnding: "keys end soon"
        case .diskSpace: "little disk space is left"
        }
    }
}

extension Phase {
    /// The status chip's text, word for word as the contract has it.
    public func chip(hasPair: Bool) -> String {
        switch self {
        case .alone: hasPair ? "Backup is not ready" : "No backup"
        case .idle: "Backup is idle"
        case .switchingToBackup: "Switching to Backup"
        case .active: "Backup is active"
        case .switchingToMain: "Switching to Main"
        case .isolated: "No connection to the other machines"
        }
    }
}
