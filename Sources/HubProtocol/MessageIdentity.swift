import FailoverCore

/// One run of one author. Its messages are numbered from 1, and arrive at a hub in that order.
public struct Publisher: Hashable, Sendable, CustomStringConvertible {
    public var machine: MachineName
    public var session: String

    /// Longer ones are nobody's.
    public static let longestSession = 64

    /// `nil` unless the session is one level of a topic, at most 64 characters of `[A-Za-z0-9_-]`.
    public init?(machine: MachineName, session: String) {
        guard MachineName(session) != nil else { return nil }
        self.machine = machine
        self.session = session
    }

    /// Of the sessions under which a server's hub numbers what comes from programs that know no identities.
    public static let hubSessionPrefix = "epoch-"

    /// Whether a server stands for authors who know no identities.
    public var isHub: Bool { session.hasPrefix(Self.hubSessionPrefix) }

    public var description: String { "\(machine)/\(session)" }
}

/// What makes a message the same one wherever it appears, however often it is sent.
public struct MessageIdentity: Hashable, Sendable, CustomStringConvertible {
    public var publisher: Publisher
    public var sequence: UInt64

    public init(publisher: Publisher, sequence: UInt64) {
        self.publisher = publisher
        self.sequence = sequence
    }

    /// As it stands in a user property: `MACHINE/SESSION/SEQUENCE`.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, let machine = MachineName(String(parts[0])), let sequence = UInt64(parts[2]),
            let publisher = Publisher(machine: machine, session: String(parts[1]))
        else { return nil }
        self.init(publisher: publisher, sequence: sequence)
    }

    public var description: String { "\(publisher)/\(sequence)" }
}

/// User properties that Understudy adds to messages.
public enum MessageProperty {
    /// See `MessageIdentity`.
    public static let identity = "understudy-id"
    /// `hub`: its author waits for nothing more than the hub's answer.
    public static let confirm = "understudy-confirm"
    /// The server on whose hub the message arrived first; on copies only.
    public static let origin = "understudy-origin"
    /// The level of a command's author, 1 to 3, from the key; the broker adds it.
    public static let permission = "understudy-permission"
    /// It is no news: a part of what one hub had and the other one lacked.
    public static let snapshot = "understudy-snapshot"
}
