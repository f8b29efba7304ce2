/// A server as others reach it.
public struct ServerAddress: Codable, Hashable, Sendable {
    public var name: MachineName
    /// A host name or an IP address.
    public var address: String
    /// Port of the hub broker.
    public var port: UInt16
    /// Port of the control broker.
    public var controlPort: UInt16

    public init(name: MachineName, address: String, port: UInt16, controlPort: UInt16) {
        self.name = name
        self.address = address
        self.port = port
        self.controlPort = controlPort
    }
}

/// A client that votes. One that lost its votes is another one: its identity is kept with them.
public struct WitnessIdentity: Codable, Hashable, Comparable, Sendable {
    public var name: MachineName
    /// Made once with the store of its votes.
    public var ballotBox: String

    public init(name: MachineName, ballotBox: String) {
        self.name = name
        self.ballotBox = ballotBox
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.name, left.ballotBox) < (right.name, right.ballotBox)
    }
}

/// For how long a holder may act on one echo of its standby. In the record, since two servers with different lengths
/// would make two hubs.
public struct Lease: Codable, Hashable, Sendable {
    public var milliseconds: Int64
    /// What the two servers' clocks may differ by within one lease.
    public var marginMilliseconds: Int64

    public init(milliseconds: Int64, marginMilliseconds: Int64) {
        self.milliseconds = milliseconds
        self.marginMilliseconds = marginMilliseconds
    }

    public var length: Duration { .milliseconds(milliseconds) }
    public var margin: Duration { .milliseconds(marginMilliseconds) }
}

/// Why the active hub changed, or why a new epoch began.
public enum Reason: String, Codable, Sendable, CaseIterable {
    /// A site was started for the first time.
    case started
    /// The holder of the last epoch came back and went on.
    case resumed
    /// Main died, hung or could not be reached.
    case mainLost
    /// Main was stopped in good order.
    case mainStopped
    /// The Backup died, hung or could not be reached.
    case backupLost
    /// The Backup was stopped in good order.
    case backupStopped
    /// Main is back and healthy: home again.
    case mainReturned
    /// The active server goes on alone for a moment, to be paired with other witnesses.
    case witnessesChanged
    /// An operator switched.
    case planned
    /// An operator took what the site could not know upon himself.
    case forced
    /// An operator stopped the site.
    case siteStopped
    /// An operator took the Backup out of the site.
    case backupRemoved
}

/// What both servers keep on disk: who may act, as data and never as an inference (design, rule 1).
///
/// Of two records the one with the higher `(epoch, version)` wins.
public struct Record: Codable, Hashable, Sendable {
    /// Whether the holder has a standby that may take over.
    public enum Mode: String, Codable, Sendable {
        /// Nobody may take over from the holder.
        case alone
        /// The standby named in `standbySession` may take over.
        case paired
        /// As `alone`, and the site has no other server: none is paired until an operator adds one.
        case single
    }

    public var epoch: Epoch
    /// Counts the changes within one epoch.
    public var version: UInt64
    /// The server that acts in this epoch.
    public var holder: MachineName
    public var mode: Mode
    /// The run of the standby that was paired. A standby that restarted is another one and is paired anew (rule 8).
    public var standbySession: String?
    /// Who votes in this epoch: one client, or three; nobody where there is none.
    public var witnesses: [WitnessIdentity]
    public var lease: Lease
    /// An operator wants the Backup to act: Main does not come home by itself until it was lost and back.
    public var staysAway = false
    /// How often in a row Main failed soon after it had come home.
    public var failuresAfterReturn = 0
    /// The holder of the epoch before, if there was one.
    public var previous: MachineName?
    public var reason: Reason
    /// What the server saw that began this epoch, in one sentence.
    public var evidence: String
    /// The operator who ordered it, if one did.
    public var by: MachineName?
    /// How long the previous holder had been silent when this epoch was claimed, in milliseconds; 0 for a switch in
    /// good order.
    public var silenceMs: Double
    /// When this epoch began.
    public var since: Timestamp
    public var main: ServerAddress?
    public var backup: ServerAddress?

    /// Whether this record replaces `other`.
    public func supersedes(_ other: Record?) -> Bool {
        guard let other else { return true }
        return (epoch, version) > (other.epoch, other.version)
    }
}
