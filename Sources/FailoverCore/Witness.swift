/// Votes, on one client, for the server that may begin a new epoch. A value without clock, task or IO, like
/// `Coordinator`.
public struct Witness: Hashable, Sendable {
    public enum Event: Hashable, Sendable {
        case heartbeat(ElectionHeartbeat)
        /// The session with this server's control broker closed; `refused`: and nobody listens there any more.
        case linkClosed(MachineName, refused: Bool)
        case stored(Ballot)
        case timePassed
    }

    public enum Directive: Hashable, Sendable {
        /// Write durably, and answer with `stored`.
        case store(Ballot)
        /// Send to the candidate.
        case send(Vote)
    }

    public let identity: WitnessIdentity
    public let timing: Timing
    /// The ballot on disk.
    public internal(set) var ballot: Ballot?

    private var writing: Ballot?
    private var servers: [MachineName: Peer] = [:]
    private var lastHandled: MonotonicTime

    /// - Parameter ballot: what the store held at start. A witness that lost it must be given another identity.
    public init(identity: WitnessIdentity, ballot: Ballot?, timing: Timing = Timing(), at now: MonotonicTime) {
        self.identity = identity
        self.ballot = ballot
        self.timing = timing
        lastHandled = now
    }

    /// When to call `handle(.timePassed)` at the latest: a witness must notice that it was not scheduled itself.
    public var nextDeadline: MonotonicTime { lastHandled + timing.heartbeat }

    public mutating func handle(_ event: Event, at now: MonotonicTime) -> [Directive] {
        if now - lastHandled > timing.heartbeat * 2 {
            for name in servers.keys { servers[name]?.distrustSilence(before: now) }
        }
        lastHandled = now
        var asking: [MachineName] = []
        switch event {
        case .heartbeat(let heartbeat):
            servers[heartbeat.sender.name, default: Peer()].heard(heartbeat, echoing: nil, at: now)
            asking = [heartbeat.sender.name]
        case .linkClosed(let server, let refused):
            servers[server]?.linkClosed(refused: refused)
            // What was refused because this server was still heard may be granted now.
            asking = servers.keys.sorted()
        case .stored(let stored):
            ballot = stored
            if writing == stored { writing = nil }
            asking = [stored.candidate]
        case .timePassed: asking = servers.keys.sorted()
        }
        return asking.flatMap { answer($0, at: now) }
    }

    /// One vote for each epoch that a claim starts from, for the first server that asks (rule 3). A vote that was given
    /// is given again to the same server, and to no other.
    private mutating func answer(_ candidate: MachineName, at now: MonotonicTime) -> [Directive] {
        guard let server = servers[candidate], let asking = server.latest, let claim = asking.claim,
            // A server that was restarted asks the other one first.
            claim.purpose != .resume, let record = asking.record, record.epoch == claim.from, record.mode == .paired,
            record.witnesses.contains(identity), writing == nil
        else { return [] }
        if let ballot, ballot.from >= claim.from {
            guard ballot.from == claim.from, ballot.candidate == candidate else { return [] }
            let gone = record.holder == candidate ? nil : servers[record.holder]?.goneSession
            return [.send(Vote(witness: identity, from: claim.from, candidate: candidate, goneSession: gone))]
        }
        guard record.holder == candidate || !hears(record.holder, acting: record.epoch, at: now) else { return [] }
        let vote = Ballot(from: claim.from, candidate: candidate)
        writing = vote
        return [.store(vote)]
    }

    /// This witness hears the active hub itself, so that a standby which does not is the one that is cut off.
    private func hears(_ holder: MachineName, acting epoch: Epoch, at now: MonotonicTime) -> Bool {
        guard let server = servers[holder], let latest = server.latest else { return false }
        return latest.isActive && latest.record?.epoch == epoch
            && server.lost(at: now, silence: timing.suspicion) == nil
    }
}
