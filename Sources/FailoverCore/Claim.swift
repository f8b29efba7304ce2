/// What a server asks for: to begin a new epoch of its own, always as ALONE (rule 4).
///
/// It is granted by the other server, which then stores the new record, or by more than half of the witnesses. A claim
/// that was asked for is never taken back, since votes may have been given to it: the pair moves on to another epoch.
public struct Claim: Codable, Hashable, Sendable {
    public enum Purpose: String, Codable, Sendable {
        /// The standby has evidence that the holder is lost.
        case takeOver
        /// The holder has evidence that the standby is lost, or that the pair must be renewed.
        case goOnAlone
        /// The holder of the epoch was restarted.
        case resume
        /// The holder is asked to hand over, or has offered to: nobody is lost.
        case handOver
    }

    /// The epoch that it starts from. Each witness votes once for each such epoch.
    public var from: Epoch
    public var epoch: Epoch
    public var purpose: Purpose
    public var reason: Reason
    /// What the server saw, in one sentence.
    public var evidence: String
    /// The operator who ordered it, if one did.
    public var by: MachineName?
    public var silenceMs: Double
}

/// One witness's answer to a claim.
public struct Vote: Codable, Hashable, Sendable {
    public var witness: WitnessIdentity
    public var from: Epoch
    public var candidate: MachineName
    /// The session of the holder that the witness saw closed, and whose address then refused a connection: that process
    /// is gone (rule 5).
    public var goneSession: String?
}

/// What a witness keeps on disk: the highest epoch that it has voted from, and for whom.
public struct Ballot: Codable, Hashable, Sendable {
    public var from: Epoch
    public var candidate: MachineName
}
