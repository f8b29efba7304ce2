import FailoverCore

/// `commands/USER/backup/add`: the name under which a server announces itself, or the address of its hub.
public struct BackupAddCommand: Payload {
    public var machine: MachineName?
    /// A host name or an IP address.
    public var address: String?
    /// Absent: a hub's usual port.
    public var port: UInt16?

    public init(machine: MachineName) { self.machine = machine }

    public init(address: String, port: UInt16) { (self.address, self.port) = (address, port) }
}

/// `commands/USER/backup/remove`
public struct BackupRemoveCommand: Payload {
    /// What the user saw. In another epoch the command would do something else.
    public var epoch: Epoch?

    public init(epoch: Epoch?) { self.epoch = epoch }
}

/// `commands/MAIN/pair/join`: the server that is given this becomes the Backup of that Main, and begins with nothing but
/// what it gets from there.
public struct PairJoinCommand: Payload, Hashable {
    public var main: ServerAddress
    /// Main's present one. A Backup that was removed while nobody reached it knows a lower one.
    public var epoch: Epoch
    /// See `HubServer.license`.
    public var license: String?

    public init(main: ServerAddress, epoch: Epoch, license: String?) {
        (self.main, self.epoch, self.license) = (main, epoch, license)
    }
}

/// `commands/USER/keys/revoke`
public struct KeysRevokeCommand: Payload {
    /// A JSON Web Token that the site's authority has signed; see `Revocation` in `Keys`.
    public var revocation: String

    public init(revocation: String) { self.revocation = revocation }
}

/// `commands/USER/hub/switch`
public struct HubSwitchCommand: Payload {
    public var to: MachineName
    /// Whatever the rules say; see `Order.force`. Absent: no.
    public var force: Bool?

    public init(to: MachineName, force: Bool) {
        self.to = to
        self.force = force ? true : nil
    }
}

/// `commands/USER/site/stop`
public struct SiteStopCommand: Payload {
    public init() {}
}

/// `commands/USER/show/save`
public struct ShowSaveCommand: Payload {
    /// Absent: the show that was saved or loaded last.
    public var name: ShowName?

    public init(name: ShowName?) { self.name = name }
}

/// `commands/USER/show/load`
public struct ShowLoadCommand: Payload {
    public var name: ShowName

    public init(name: ShowName) { self.name = name }
}

/// What a server answers to a command, with the command's correlation data, on its response topic.
public struct CommandResponse: Payload, Error {
    public enum Status: String, Codable, Sendable {
        case ok, refused
    }

    public enum Code: String, Codable, Sendable, CaseIterable {
        case licenseMissing, licenseExpired, permissionDenied, keysDiffer, notActive, noBackup, alreadyPaired
        case sameMachine, nameTaken, unknownMachine, unreachable, notInSync, malformed, filesLocked, stale
        /// There is no show file of that name; its content cannot be used; it could not be written.
        case unknownShow, unusableShow, notSaved
        /// May be forced.
        case notSafe
    }

    public var status: Status
    public var code: Code?
    /// What is wrong, and what to do; or what was done, where that is not clear from the command.
    public var message: String?

    public static let ok = CommandResponse(status: .ok)

    public static func ok(_ message: String) -> Self { CommandResponse(status: .ok, message: message) }

    init(status: Status, code: Code? = nil, message: String? = nil) {
        self.status = status
        self.code = code
        self.message = message
    }

    /// A code of a later version is left out; the message says it all the same.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        status = try container.decode(Status.self, forKey: .status)
        code = try? container.decode(Code.self, forKey: .code)
        message = try container.decodeIfPresent(String.self, forKey: .message)
    }

    public static func refused(_ code: Code, _ message: String) -> Self {
        CommandResponse(status: .refused, code: code, message: message)
    }
}

extension CommandResponse: CustomStringConvertible {
    public var description: String { message.map { "\(status == .ok ? "done" : "refused"): \($0)" } ?? status.rawValue }

    public init(_ answer: Order.Answer) {
        switch answer {
        case .done: self = .ok
        case .refused(let refusal): self = .refused(refusal.code, refusal.sentence)
        }
    }
}

extension Order.Refusal {
    fileprivate var code: CommandResponse.Code {
        switch self {
        case .notActive: .notActive
        case .unknownMachine: .unknownMachine
        case .noBackup: .noBackup
        case .alreadyPaired: .alreadyPaired
        case .unreachable: .unreachable
        case .notInSync: .notInSync
        case .notSafe: .notSafe
        case .stopping, .starting, .outside: .notActive
        }
    }

    fileprivate var sentence: String {
        switch self {
        case .notActive(let active): "\(active) is active, and this hub is not. Ask \(active)."
        case .unknownMachine(let name): "\(name) is neither of the two servers of this site. Give one of their names."
        case .outside: "this server is in no pair, and no show runs on it. Ask the Main server of the site."
        case .noBackup: "this site has no Backup server. Start one, and add it: understudy backup add."
        case .alreadyPaired(let backup):
            "this site has a Backup server already\(backup.map { ", \($0)" } ?? ""). Remove that one first: understudy backup remove."
        case .unreachable(let name):
            "\(name) does not answer this server. Check that it runs, and its network, then try again."
        case .notInSync(let name):
            "\(name) answers, but did not do its part in time. It may yet: look at the site before you try again."
        case .notSafe:
            "no server acts, and this one cannot know whether another one does where it cannot see it. "
                + "If you know that no other server of this site acts, force it. If one does, two hubs act until the "
                + "servers see each other again: then this one's word counts, and what the other side changed meanwhile "
                + "is lost."
        case .stopping: "this server is being stopped. Ask the other one."
        case .starting: "this server has just started, and asks the other one who acts. Try again in a moment."
        }
    }
}
