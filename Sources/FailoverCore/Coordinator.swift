/// Decides, on one server, which hub is active. A value without clock, task or IO: events with a moment go in,
/// directives come out, and `nextDeadline` says when to come back without an event.
///
/// This is the simple election: evidence alone lets the standby take over. Each rule is one method, in the file that
/// it is named after, and `applyRules` is the order in which they are asked.
public struct Coordinator: Sendable {
    public enum Event: Sendable {
        case heartbeat(ElectionHeartbeat)
        /// The session with the other server's control broker.
        case linkOpened
        case linkClosed
        /// The other server's machine answered that nobody listens there.
        case linkRefused
        /// The other server's last will, on this server's control broker.
        case will(session: String)
        /// This record is on disk now.
        case stored(Record)
        /// `nextDeadline` has passed.
        case timePassed
        /// The operator stops this server in good order.
        case stopRequested
    }

    public enum Directive: Hashable, Sendable {
        /// Write durably, in the order of the directives, and answer with `stored`.
        case store(Record)
        /// Send to the other server.
        case send(ElectionHeartbeat)
        /// A stop that was requested may go on: nothing is left to hand over.
        case readyToStop
        /// The other server works with another server in this one's place, which it names by its session.
        case refuseStart
    }

    /// What does not change in one run of a server.
    public struct Identity: Hashable, Sendable {
        public var role: Role
        public var address: ServerAddress
        /// This run.
        public var session: String
        /// Whether an operator named another server to pair with.
        public var hasPeer: Bool
        /// Whether clients go home by themselves when Main is back.
        public var returnsAutomatically: Bool

        public init(
            role: Role, address: ServerAddress, session: String, hasPeer: Bool, returnsAutomatically: Bool = true
        ) {
            self.role = role
            self.address = address
            self.session = session
            self.hasPeer = hasPeer
            self.returnsAutomatically = returnsAutomatically
        }
    }

    public let identity: Identity
    public let timing: Timing
    /// The record on disk.
    public internal(set) var record: Record?

    /// The record being written. Nothing in it is announced, and no other rule acts, before it is on disk.
    var writing: Record?
    /// The epoch that this process won: a record that names this server is not enough to be active (rule 2).
    var wonEpoch: Epoch?
    /// The epoch that this server asks the other for.
    var claim: Epoch?
    var peer = Peer()
    /// While set, this server asks the other one before it decides who acts.
    var startDeadline: MonotonicTime?
    var returnDelay: ReturnDelay
    var pairingPause: PairingPause
    var stopDeadline: MonotonicTime?

    private var sequence: UInt64 = 0
    private var nextHeartbeat: MonotonicTime
    private(set) var lastHandled: MonotonicTime

    /// - Parameter record: what the store held at start; `nil` on a first start or after its loss.
    public init(identity: Identity, record: Record?, timing: Timing = Timing(), at now: Moment) {
        self.identity = identity
        self.timing = timing
        self.record = record
        startDeadline = now.monotonic + timing.startPatience
        nextHeartbeat = now.monotonic
        lastHandled = now.monotonic
        returnDelay = ReturnDelay(timing: timing)
        pairingPause = PairingPause(timing: timing)
    }

    /// Whether this server's hub is the one that clients follow.
    public var isActive: Bool {
        guard let record, record.holder == me, record.epoch == wonEpoch else { return false }
        return writing == nil || writing?.holder == me
    }

    /// When to call `handle(.timePassed)` at the latest. Every pause of a rule is a multiple of the heartbeat, so the
    /// next heartbeat and the end of silence are the only moments that matter.
    public var nextDeadline: MonotonicTime {
        guard let silentFrom = peer.silentFrom else { return nextHeartbeat }
        let lost = silentFrom + timing.silence
        return lost > lastHandled ? min(nextHeartbeat, lost) : nextHeartbeat
    }

    public mutating func handle(_ event: Event, at now: Moment) -> [Directive] {
        noticeOwnDelay(at: now.monotonic)
        peer.forgetHealthIfLost(at: now.monotonic, silence: timing.silence)
        let before = publicState
        switch event {
        case .heartbeat(let heartbeat):
            // Its own heartbeats, or a second server of the same role, decide nothing here.
            guard heartbeat.sender.name != me, heartbeat.role != identity.role, heartbeat.role != .client else {
                return []
            }
            peer.heard(heartbeat, echoing: identity.session, at: now.monotonic)
        case .linkOpened: peer.linkOpened()
        case .linkClosed: peer.linkClosed(refused: false)
        case .linkRefused: peer.linkClosed(refused: true)
        case .will(let session): peer.will(ofSession: session)
        case .stored(let stored):
            record = stored
            if writing == stored { writing = nil }
        case .timePassed: break
        case .stopRequested: stopDeadline = now.monotonic + timing.handOverPatience
        }
        var directives = applyRules(at: now)
        if publicState != before || now.monotonic >= nextHeartbeat {
            directives.append(.send(makeHeartbeat(at: now.monotonic)))
        }
        return directives
    }

    private mutating func applyRules(at now: Moment) -> [Directive] {
        var directives = obeyHigherRecord(at: now)
        if writing == nil { directives += decideStart(at: now) }
        if writing == nil { directives += acceptClaim(at: now) }
        if writing == nil { directives += takeOver(at: now) }
        if writing == nil { directives += goOnAlone(at: now) }
        if writing == nil { directives += pair(at: now) }
        if writing == nil { claimReturn(at: now) }
        return directives + finishStop(at: now)
    }

    /// A server that was itself not scheduled distrusts the silence that it thinks to have seen (rule 12).
    private mutating func noticeOwnDelay(at now: MonotonicTime) {
        if now - lastHandled > timing.heartbeat * 2 { peer.distrustSilence(before: now) }
        lastHandled = now
    }

    // MARK: - What the rules share

    var me: MachineName { identity.address.name }

    mutating func store(_ new: Record) -> [Directive] {
        writing = new
        return [.store(new)]
    }

    /// The record of a new epoch that this server claims for itself, always as ALONE (rule 4).
    mutating func claimAlone(_ reason: Reason, evidence: String, silence: Duration, at now: Moment) -> [Directive] {
        let epoch = (record?.epoch ?? .floor(at: now.wall)).next(for: identity.role)
        wonEpoch = epoch
        claim = nil
        startDeadline = nil
        return store(
            newEpoch(epoch, holder: me, reason: reason, evidence: evidence, silence: silence, at: now))
    }

    func newEpoch(
        _ epoch: Epoch, holder: MachineName, reason: Reason, evidence: String, silence: Duration, at now: Moment
    ) -> Record {
        Record(
            epoch: epoch, version: 1, holder: holder, mode: .alone, previous: record?.holder, reason: reason,
            evidence: evidence, silenceMs: silence.inMilliseconds, since: now.wall,
            main: identity.role == .main ? identity.address : record?.main,
            backup: identity.role == .backup ? identity.address : record?.backup)
    }

    // MARK: - Heartbeats

    /// What the other server should hear of at once when it changes.
    private struct PublicState: Equatable {
        var record: Record?
        var isActive: Bool
        var claim: Epoch?
        var isLeaving: Bool
        var heardSession: String?
    }

    private var publicState: PublicState {
        PublicState(
            record: record, isActive: isActive, claim: claim, isLeaving: isLeaving,
            heardSession: peer.latest?.session)
    }

    private mutating func makeHeartbeat(at now: MonotonicTime) -> ElectionHeartbeat {
        sequence += 1
        nextHeartbeat = now + timing.heartbeat
        return ElectionHeartbeat(
            session: identity.session, sequence: sequence, sender: identity.address, role: identity.role,
            record: record, isActive: isActive, claim: claim, isLeaving: isLeaving,
            echo: peer.lost(at: now, silence: timing.silence) == nil
                ? peer.latest.map { .init(session: $0.session, sequence: $0.sequence) } : nil)
    }
}
