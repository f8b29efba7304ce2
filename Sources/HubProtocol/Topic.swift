import FailoverCore

/// Every topic that Understudy itself writes or reads, built and parsed in this one place.
public enum Topic: Hashable, Sendable {
    // On every hub's broker.
    case hubActive
    case hubState
    case hubPair
    case hubHistory
    case hubConflicts
    /// Whether files may be pushed and pulled.
    case hubFiles
    /// Which server this broker belongs to.
    case hubServer
    /// Whose keys do not count any more, as this server knows.
    case hubKeys
    /// Which show files Main has; see `HubShows`.
    case hubShows
    case machine(MachineName, MachineItem)
    /// What a user asks of the site; see `CommandResponse`.
    case command(user: MachineName, Command)

    /// What the server of this name tells the owner of this broker about its own hub; see `Frame`.
    case replication(MachineName)
    /// An author is about to publish here; see `ResumeRequest`.
    case resume(Publisher)
    /// How far an author's messages have come; see `Confirmation`.
    case confirmation(Publisher)
    /// A reader's question whether all that came before has come over the other hub, too; copied like the show. See `Marker`.
    case marker(Publisher)

    // On a server's control broker.
    /// What the server that owns the broker says of itself.
    case electionHeartbeat(MachineName)
    /// The last will of the other server's coordinator.
    case electionWill(MachineName)
    /// What a witness answers to a candidate's claim, on the candidate's broker.
    case electionVote(candidate: MachineName, witness: MachineName)

    /// What a machine says of itself.
    public enum MachineItem: String, Sendable, CaseIterable {
        case status, heartbeat, links, `switch`
    }

    public enum Command: String, Sendable, CaseIterable {
        case backupAdd = "backup/add"
        case backupRemove = "backup/remove"
        /// Given by a Main server, on the hub of the server that is to become its Backup.
        case pairJoin = "pair/join"
        /// Signed by the site's authority, so that it does not matter who gives it.
        case keysRevoke = "keys/revoke"
        case hubSwitch = "hub/switch"
        case siteStop = "site/stop"
        case showSave = "show/save"
        case showLoad = "show/load"

        /// The least level that may give it; see the contract.
        public var permission: Int {
            switch self {
            case .backupAdd, .backupRemove, .hubSwitch, .siteStop, .showLoad: 3
            case .showSave: 2
            case .pairJoin, .keysRevoke: 1
            }
        }
    }

    public var name: String {
        switch self {
        case .hubActive: "hub/active"
        case .hubState: "hub/state"
        case .hubPair: "hub/pair"
        case .hubHistory: "hub/history"
        case .hubConflicts: "hub/conflicts"
        case .hubFiles: "hub/files"
        case .hubServer: "hub/server"
        case .hubKeys: "hub/keys"
        case .hubShows: "hub/shows"
        case .machine(let machine, let item): "machines/\(machine)/\(item.rawValue)"
        case .command(let user, let command): "commands/\(user)/\(command.rawValue)"
        case .replication(let server): "replication/\(server)"
        case .resume(let publisher): "resume/\(publisher)"
        case .confirmation(let publisher): "confirmations/\(publisher)"
        case .marker(let publisher): "markers/\(publisher)"
        case .electionHeartbeat(let machine): "election/\(machine)/heartbeat"
        case .electionWill(let machine): "election/\(machine)/will"
        case .electionVote(let candidate, let witness): "election/\(candidate)/vote/\(witness)"
        }
    }

    /// First levels of topics that each hub, or each machine on each hub, writes for itself. All others are the show's, and
    /// are copied from hub to hub.
    private static let ownOfEachHub: Set<Substring> = [
        "hub", "machines", "commands", "responses", "election", "replication", "resume", "confirmations",
    ]

    public static func isCopied(_ name: String) -> Bool {
        guard name.utf8.first != UInt8(ascii: "$") else { return false }
        return !ownOfEachHub.contains(name.prefix { $0 != "/" })
    }

    /// No part of the show, although it is copied.
    public static func isMarker(_ name: String) -> Bool { name.hasPrefix("markers/") }

    /// Who gave a command, also one that this version does not know.
    public static func user(ofCommand name: String) -> MachineName? {
        let levels = name.split(separator: "/", omittingEmptySubsequences: false)
        return levels.first == "commands" && levels.count > 2 ? MachineName(String(levels[1])) : nil
    }

    /// What a switch brings to every machine, found without taking the name apart.
    private static let ofHub: [String: Topic] = {
        let topics: [Topic] = [
            .hubActive, .hubState, .hubPair, .hubHistory, .hubConflicts, .hubFiles, .hubServer, .hubKeys, .hubShows,
        ]
        return Dictionary(uniqueKeysWithValues: topics.map { ($0.name, $0) })
    }()

    /// Returns `nil` for a topic that Understudy does not read.
    public init?(name: String) {
        if let topic = Self.ofHub[name] {
            self = topic
            return
        }
        let levels = name.split(separator: "/", omittingEmptySubsequences: false)
        switch (levels.first, levels.count) {
        case ("machines", 3):
            guard let machine = MachineName(String(levels[1])), let item = MachineItem(rawValue: String(levels[2]))
            else { return nil }
            self = .machine(machine, item)
        case ("commands", 4):
            guard let user = MachineName(String(levels[1])),
                let command = Command(rawValue: levels[2...].joined(separator: "/"))
            else { return nil }
            self = .command(user: user, command)
        case ("replication", 2):
            guard let server = MachineName(String(levels[1])) else { return nil }
            self = .replication(server)
        case ("resume", 3), ("confirmations", 3), ("markers", 3):
            guard let machine = MachineName(String(levels[1])),
                let publisher = Publisher(machine: machine, session: String(levels[2]))
            else { return nil }
            self =
                switch levels[0] {
                case "resume": .resume(publisher)
                case "confirmations": .confirmation(publisher)
                default: .marker(publisher)
                }
        case ("election", 3):
            guard let machine = MachineName(String(levels[1])) else { return nil }
            switch levels[2] {
            case "heartbeat": self = .electionHeartbeat(machine)
            case "will": self = .electionWill(machine)
            default: return nil
            }
        case ("election", 4):
            guard levels[2] == "vote", let candidate = MachineName(String(levels[1])),
                let witness = MachineName(String(levels[3]))
            else { return nil }
            self = .electionVote(candidate: candidate, witness: witness)
        default: return nil
        }
    }
}

/// Topic filters that Understudy subscribes to.
public enum TopicFilter {
    public static let hub = "hub/#"
    public static let everyMachine = "machines/+/+"

    public static func everyMachine(_ item: Topic.MachineItem) -> String { "machines/+/\(item.rawValue)" }

    public static let everyCommand = "commands/#"
    public static let electionHeartbeats = "election/+/heartbeat"
    public static let electionWills = "election/+/will"

    public static func electionVotes(for candidate: MachineName) -> String { "election/\(candidate)/vote/+" }

    public static func machine(_ name: MachineName) -> String { "machines/\(name)/+" }
}
