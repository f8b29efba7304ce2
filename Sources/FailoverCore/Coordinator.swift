/// Decides, on one server, which hub is active. A value without clock, task or IO: events with a moment go in,
/// directives come out, and `nextDeadline` says when to come back without an event.
///
/// Each rule is one method, in the file that it is named after; `applyRules` is the order in which they are asked.
public struct Coordinator: Hashable, Sendable {
    public enum Event: Hashable, Sendable {
        case heartbeat(ElectionHeartbeat)
        case vote(Vote)
        /// The session with the other server's control broker.
        case linkOpened
        case linkClosed
        /// The other server's machine answered that nobody listens there.
        case linkRefused
        /// The other server's last will, on this server's control broker.
        case will(session: String)
        /// The clients that could vote, as this server sees them.
        case candidates([WitnessIdentity])
        /// The highest epoch that a machine of this site obeys, as this hub has it.
        case followed(Epoch)
        /// This record is on disk now.
        case stored(Record)
        /// This run of the other server has everything that this hub had at the last `mark`.
        case copied(session: String)
        /// `nextDeadline` has passed.
        case timePassed
        /// The operator stops this server in good order.
        case stopRequested
        /// An operator's word about the site. The one before must have been answered.
        case ordered(Order, by: MachineName)
        /// Whether this server may be paired with one that the record does not name yet. One that it names is never refused.
        case mayBeginPair(Bool)
    }

    public enum Directive: Hashable, Sendable {
        /// Write durably, in the order of the directives, and answer with `stored`.
        case store(Record)
        /// Answer with `copied` when this run of the other server has everything that this hub has now.
        case mark(session: String)
        /// Send to the other server and to the witnesses.
        case send(ElectionHeartbeat)
        /// A stop that was requested, of this server or of the site, may go on: nothing is left to hand over.
        case readyToStop
        /// To the order that was given last.
        case answer(Order.Answer)
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
    /// The record on disk, or in memory only; see `storedEpoch`.
    public internal(set) var record: Record?
    var isRecordStored: Bool

    /// The record being written. Nothing in it is announced, and no other rule acts, before it is on disk.
    var writing: Record?
    /// The epoch that this process won: a record that names this server is not enough to be active (rule 2).
    var wonEpoch: Epoch?
    /// The epoch that it has won and is writing down; until then it acts in the one before, if it did.
    var winning: Epoch?
    /// After a takeover by the shortcut of rule 5: nothing is confirmed before this moment.
    var confirmsFrom: MonotonicTime?
    /// What this server asks for.
    var claim: Claim?
    /// Who granted the claim, each with the run of the holder that it saw gone.
    var votes: [MachineName: String?] = [:]
    var peer = Peer()
    /// The newest heartbeat of this server that its standby has echoed, by when it was *sent* (rule 2).
    var echoedAt: MonotonicTime?
    /// While set, this server asks the other one before it decides who acts.
    var startDeadline: MonotonicTime?
    let startedAt: MonotonicTime
    /// The epoch of the record that this run began with.
    let firstEpoch: Epoch?
    /// What the epochs of a server that started without a record begin above; see `Epoch.floor`.
    let epochFloor: Epoch?
    /// The highest epoch that a machine obeys; it may be one that this server has not heard of.
    var followed: Epoch?
    var witnessChoice: WitnessChoice
    var pairingPause: GrowingPause
    var renewalPause: GrowingPause
    /// When Main came home last, as far as this run knows.
    var returnedAt: MonotonicTime?
    var stopDeadline: MonotonicTime?
    var assignment: Assignment?
    /// As the last event of that name said; where nobody asks for licences, it may.
    public internal(set) var mayBeginPair = true
    /// An epoch that was granted for an order which had been refused meanwhile.
    var unwanted: Epoch?
    /// The record that this server's disk took again before it was asked to act; see `proveDisk`.
    var proven: Record?
    /// The run of the other server that a mark was set for, and whether it has reached that.
    var markedFor: String?
    var isMarkCopied = false
    /// The run of the standby that was paired last, and since when it has been lost.
    var lastStandby: String?
    var standbyLostAt: MonotonicTime?

    private var nextHeartbeat: MonotonicTime
    private(set) var lastHandled: MonotonicTime

    /// - Parameter record: what the store held at start; `nil` on a first start or after its loss.
    public init(identity: Identity, record: Record?, timing: Timing = Timing(), at now: Moment) {
        self.identity = identity
        self.timing = timing
        self.record = record
        isRecordStored = record != nil
        startedAt = now.monotonic
        firstEpoch = record?.epoch
        epochFloor = record == nil ? .floor(at: now.wall) : nil
        lastStandby = record?.holder == identity.address.name ? record?.standbySession : nil
        startDeadline = now.monotonic + timing.startPatience
        nextHeartbeat = now.monotonic
        lastHandled = now.monotonic
        witnessChoice = WitnessChoice(timing: timing)
        pairingPause = GrowingPause(timing: timing)
        renewalPause = GrowingPause(timing: timing)
    }

    /// Whether this server's hub is the one that clients follow, at the moment of the last event.
    public var isActive: Bool { isActive(at: lastHandled) }

    /// The holder of an epoch that it won in this process, and either ALONE, or PAIRED and within its lease (rule 2).
    public func isActive(at now: MonotonicTime) -> Bool {
        guard let record, record.holder == me, record.epoch == wonEpoch, writing == nil || writing?.holder == me else {
            return false
        }
        return leaseEnd.map { now < $0 } ?? true
    }

    /// Whether an answer that counts may be given: active, and beyond any doubt the only one.
    public func mayConfirm(at now: MonotonicTime) -> Bool {
        isActive(at: now) && confirmsFrom.map { now >= $0 } ?? true
    }

    /// When to call `handle(.timePassed)` at the latest. Every pause of a rule ends with the next heartbeat; what must
    /// not wait that long is here.
    public var nextDeadline: MonotonicTime {
        let silentFrom = peer.silentFrom
        let moments = [
            leaseEnd, silentFrom.map { $0 + timing.suspicion }, claimCounts, confirmsFrom,
            echoedAt.map { $0 + asksAfter },
        ]
        return moments.compactMap { $0 }.filter { $0 > lastHandled }.reduce(nextHeartbeat, min)
    }

    public mutating func handle(_ event: Event, at now: Moment) -> [Directive] {
        noticeOwnDelay(at: now.monotonic)
        peer.forgetHealthIfLost(at: now.monotonic, silence: timing.lease.length)
        let before = publicState
        switch event {
        case .heartbeat(let heartbeat):
            // Its own heartbeats, or a second server of the same role, decide nothing here.
            guard heartbeat.sender.name != me, heartbeat.role != identity.role, heartbeat.role != .client,
                concerns(heartbeat)
            else { return [] }
            hear(heartbeat, at: now.monotonic)
        case .vote(let vote): count(vote)
        case .linkOpened: peer.linkOpened()
        case .linkClosed: peer.linkClosed(refused: false)
        case .linkRefused: peer.linkClosed(refused: true)
        case .will(let session): peer.will(ofSession: session)
        case .followed(let epoch) where epoch <= .highestBelievable: followed = max(followed ?? epoch, epoch)
        case .followed: break
        case .candidates(let candidates): witnessChoice.see(candidates)
        case .stored(let stored):
            if writing == stored { writing = nil }
            if stored == record { proven = stored }
            // A write that was tried again may come after a newer one.
            if let record, record.supersedes(stored) { break }
            record = stored
            isRecordStored = true
            if stored.holder == me, stored.epoch == winning {
                wonEpoch = winning
                winning = nil
                if stored.previous != me { (lastStandby, standbyLostAt) = (nil, nil) }
            }
        case .copied(let session): copied(to: session)
        case .timePassed: break
        case .stopRequested: stopDeadline = now.monotonic + timing.handOverPatience
        case .ordered(let order, let user):
            assignment = Assignment(order, by: user, at: now.monotonic, self)
        case .mayBeginPair(let may): mayBeginPair = may
        }
        var directives = applyRules(at: now)
        if publicState != before || now.monotonic >= nextHeartbeat {
            directives.append(.send(makeHeartbeat(at: now.monotonic)))
        }
        return directives
    }

    private mutating func applyRules(at now: Moment) -> [Directive] {
        var directives = obeyHigherRecord(at: now)
        reviewMark()
        if writing == nil { directives += leaveUnwanted(at: now) }
        if writing == nil { directives += decideStart(at: now) }
        if writing == nil { directives += acceptClaim(at: now) }
        if writing == nil { directives += goOnAlone(at: now) }
        if writing == nil { takeOver(at: now) }
        if writing == nil { claimReturn(at: now) }
        if writing == nil { askAboveLostEpochs() }
        if writing == nil { directives += proveDisk() }
        if writing == nil { directives += win(at: now) }
        if writing == nil { directives += pair(at: now) }
        directives += followOrder(at: now)
        stopWithSite(at: now)
        return directives + finishStop(at: now)
    }

    private mutating func hear(_ heartbeat: ElectionHeartbeat, at now: MonotonicTime) {
        peer.heard(heartbeat, echoing: identity.session, at: now)
        // Also of the pair that is being written down: a slow disk must not cost the echoes of that time.
        guard let echo = heartbeat.echo, echo.session == identity.session,
            [record?.standbySession, writing?.standbySession].contains(heartbeat.session)
        else { return }
        // An echo from the future is none.
        if echo.sentAt <= now { echoedAt = max(echoedAt ?? echo.sentAt, echo.sentAt) }
    }

    /// A server that was itself not scheduled distrusts the silence that it thinks to have seen (rule 12). Its own
    /// lease is not lengthened by that.
    private mutating func noticeOwnDelay(at now: MonotonicTime) {
        if now - lastHandled > timing.heartbeat * 2 { peer.distrustSilence(before: now) }
        lastHandled = now
    }

    // MARK: - What the rules share

    /// The epoch of the record, once that is on disk. A server that lost its store may have taken messages in the epoch that
    /// it hears of first, and could not tell what it takes now from them (found by the simulation).
    public var storedEpoch: Epoch? { isRecordStored ? record?.epoch : nil }

    var me: MachineName { identity.address.name }

    /// A holder with a standby acts no longer than this.
    public var leaseEnd: MonotonicTime? {
        guard let record, record.mode == .paired, record.holder == me else { return nil }
        return echoedAt.map { $0 + record.lease.length } ?? lastHandled
    }

    /// - Parameter isWon: this server acts in the new epoch once the record is on disk.
    mutating func store(_ new: Record, isWon: Bool = false) -> [Directive] {
        if new.reason == .mainReturned, new.epoch != record?.epoch { returnedAt = lastHandled }
        writing = new
        winning = isWon ? new.epoch : nil
        claim = nil
        votes = [:]
        return [.store(new)]
    }

    /// The record that begins a new epoch, always without a standby (rule 4).
    func newEpoch(_ claim: Claim, holder: MachineName, at now: Moment) -> Record {
        let goesOn = record?.holder == holder
        let wasSingle = record?.mode == .single && record?.epoch != unwanted
        let isSingle = claim.reason == .backupRemoved || (wasSingle && isMain(holder))
        let isWanted = claim.reason == .planned || (claim.reason == .forced && isPeerHealthy)
        return Record(
            epoch: claim.epoch, version: 1, holder: holder, mode: isSingle ? .single : .alone, witnesses: [],
            lease: timing.lease,
            staysAway: goesOn ? record?.staysAway == true : isWanted && !isMain(holder),
            failuresAfterReturn: failuresAfterReturn(endingWith: claim), previous: record?.holder, reason: claim.reason,
            evidence: claim.evidence, by: claim.by, silenceMs: claim.silenceMs,
            since: now.wall, main: identity.role == .main ? identity.address : record?.main ?? peerAddress,
            backup: isSingle ? nil : identity.role == .backup ? identity.address : record?.backup ?? peerAddress)
    }

    private var peerAddress: ServerAddress? { record == nil || !mayBeginPair ? nil : peer.latest?.sender }

    func makeClaim(
        _ purpose: Claim.Purpose, _ reason: Reason, _ evidence: String, by user: MachineName? = nil,
        silence: Duration = .zero, at now: Moment
    ) -> Claim {
        let floor = epochFloor ?? Epoch(0)
        let from = record?.epoch ?? floor
        return Claim(
            from: from, epoch: max(from, floor, followed ?? from).next(for: identity.role), purpose: purpose,
            reason: reason,
            evidence: evidence, by: user, silenceMs: silence.inMilliseconds)
    }

    /// A new epoch that needs nobody's word: this server was ALONE, or the site begins.
    mutating func begin(_ claim: Claim, at now: Moment) -> [Directive] {
        startDeadline = nil
        return store(newEpoch(claim, holder: me, at: now), isWon: true)
    }

    // MARK: - Heartbeats

    /// What others should hear of at once when it changes.
    private struct PublicState: Equatable {
        var record: Record?
        var isActive: Bool
        var claim: Claim?
        var handsOver: ElectionHeartbeat.HandOver?
        var isLeaving: Bool
        var adds: MachineName?
        var heardSession: String?
    }

    private var publicState: PublicState {
        PublicState(
            record: record, isActive: isActive, claim: shownClaim, handsOver: handsOver, isLeaving: isLeaving,
            adds: added, heardSession: peer.latest?.session)
    }

    private mutating func makeHeartbeat(at now: MonotonicTime) -> ElectionHeartbeat {
        nextHeartbeat = now + timing.heartbeat
        // An echo lengthens the holder's lease. A standby that has decided to act, and still writes that down, gives none
        // (found by the model check).
        let hears = winning == nil && peer.lost(at: now, silence: timing.lease.length) == nil
        return ElectionHeartbeat(
            session: identity.session, sentAt: now, sender: identity.address, role: identity.role, record: record,
            isActive: isActive, claim: shownClaim, handsOver: handsOver,
            adds: added, isLeaving: isLeaving && handsOver == nil && !owesRelief,
            echo: hears ? peer.latest.map { .init(session: $0.session, sentAt: $0.sentAt) } : nil)
    }
}
