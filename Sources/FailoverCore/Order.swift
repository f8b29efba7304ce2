/// What an operator asks of a server. One at a time; each gets one answer.
public enum Order: Hashable, Sendable {
    /// A switchover: the other server relieves the one that acts, and nothing is lost.
    case switchOver(to: MachineName)
    /// This server acts from now on, whatever the rules say (rule 14).
    ///
    /// It asks the other server first. If that one cannot be asked and acts all the same, two hubs act until they hear of
    /// each other; then this one's word counts.
    case force
    /// Both servers stop, with Main as the holder and ALONE, so that the next day either can be switched on first
    /// (rule 11).
    case stopSite
    /// This server becomes the Backup, once Main hears it; answered when both are paired, so when it has the whole show.
    case addBackup(MachineName)
    /// Main goes on without a Backup, and the present one can never take over later (rule 13). While the Backup acts, this
    /// is the switchover back to Main, and the pair remains.
    case removeBackup

    public enum Answer: Hashable, Sendable {
        case done
        case refused(Refusal)
    }

    /// Why an order was not carried out.
    public enum Refusal: Hashable, Sendable {
        /// Another server acts, and must be asked.
        case notActive(active: MachineName)
        case unknownMachine(MachineName)
        case noBackup
        /// The site has a Backup, or is about to have the one that it was told of and whose name it does not know yet.
        case alreadyPaired(with: MachineName?)
        /// This server is in no pair, and acts for nobody.
        case outside
        /// The other server does not answer.
        case unreachable(MachineName)
        /// The other server answers, but was not ready to act within `Timing.orderPatience`.
        case notInSync(MachineName)
        /// Nobody acts, and this server cannot tell why; an operator may.
        case notSafe
        /// This server has just started, and asks the other one who acts.
        case starting
        /// This server is being stopped.
        case stopping
    }
}

extension Coordinator {
    /// An order was given and is not answered yet; the next one must wait.
    public var isFollowingOrder: Bool { assignment != nil }

    /// An order that is being carried out.
    struct Assignment: Hashable, Sendable {
        var order: Order
        var user: MachineName
        var askedAt: MonotonicTime
        /// The server was active when it was asked; it may have been relieved since.
        var wasActive: Bool
        var hadPair: Bool
        /// The server was being stopped already. An order that came before the stop may have been granted unheard, or be on
        /// its way to the disk: it cannot be refused for that any more.
        var wasLeaving: Bool

        init(_ order: Order, by user: MachineName, at now: MonotonicTime, _ coordinator: Coordinator) {
            (self.order, self.user, askedAt) = (order, user, now)
            (wasActive, hadPair) = (coordinator.isActive, coordinator.hasPair)
            wasLeaving = coordinator.isLeaving
        }
    }

    /// Carries an order out step by step: asks for what it needs, and answers when it is done or cannot be.
    mutating func followOrder(at now: Moment) -> [Directive] {
        guard let assignment, writing == nil else { return [] }
        let order = assignment.order
        if let refusal = obstacle(to: assignment) { return answer(.refused(refusal)) }
        if isDone(order) { return answer(.done) }
        let waited = now.monotonic - assignment.askedAt
        if isPatienceOver(with: assignment, at: now.monotonic) {
            return answer(.refused(isPeerHealthy ? .notInSync(otherName) : .unreachable(otherName)))
        }
        switch order {
        case .force: return force(by: assignment.user, waited: waited, at: now)
        case .stopSite where identity.role == .main: return goOnAlone(.siteStopped, by: assignment.user, at: now)
        case .removeBackup where identity.role == .main: return goOnAlone(.backupRemoved, by: assignment.user, at: now)
        // The rest is the other server's: it sees in the heartbeat what is asked of it.
        case .switchOver, .stopSite, .removeBackup: return []
        // The Backup has to hear of it, and to copy the show; then both are paired.
        case .addBackup: return []
        }
    }

    private func isPatienceOver(with assignment: Assignment, at now: MonotonicTime) -> Bool {
        let waited = now - assignment.askedAt
        guard case .addBackup = assignment.order else { return waited >= timing.orderPatience }
        let silence = now - max(assignment.askedAt, peer.lastHeard ?? assignment.askedAt)
        return waited >= timing.copyPatience || silence >= timing.joinPatience
    }

    /// Copying takes its time, and the site may move on meanwhile (found by the simulation).
    private func obstacleToAdding(hadPair: Bool) -> Order.Refusal? {
        if hadPair || identity.role == .backup { return .alreadyPaired(with: backupName) }
        if isLeaving || record?.reason == .siteStopped { return .stopping }
        return record.flatMap { $0.holder == me ? nil : .notActive(active: $0.holder) }
    }

    /// Why this order would be refused now.
    public func objection(to order: Order) -> Order.Refusal? {
        obstacle(to: Assignment(order, by: me, at: lastHandled, self))
    }

    private mutating func answer(_ answer: Order.Answer) -> [Directive] {
        assignment = nil
        // A claim is never taken back, but what it was made for is not wanted any more.
        if case .refused = answer, let reason = claim?.reason, [.siteStopped, .backupRemoved].contains(reason) {
            claim?.reason = .backupLost
        }
        return [.answer(answer)]
    }

    /// The other server granted what was ordered here, but too late: it had been refused. This server goes on as it was.
    mutating func leaveUnwanted(at now: Moment) -> [Directive] {
        guard let unwanted, record?.epoch == unwanted, wonEpoch == unwanted else { return [] }
        return begin(
            makeClaim(.resume, .backupLost, "an order was refused before it could be carried out", at: now), at: now)
    }

    private func isDone(_ order: Order) -> Bool {
        switch order {
        case .switchOver(let target): target == me ? isActive : isPeerActing && peer.latest?.sender.name == target
        case .force: isActive
        case .stopSite: record?.reason == .siteStopped && (isActive || isPeerActing)
        case .addBackup(let name): isActive && record?.mode == .paired && partner?.name == name
        case .removeBackup: identity.role == .main ? isActive && record?.mode == .single : isPeerActing
        }
    }

    private var isPeerActing: Bool { peer.latest?.isActive == true && peer.latest?.record?.epoch == record?.epoch }

    private func obstacle(to assignment: Assignment) -> Order.Refusal? {
        let order = assignment.order
        if assignment.wasLeaving { return .stopping }
        if order == .force { return nil }
        guard assignment.wasActive else {
            let isHeard = peer.lost(at: lastHandled, silence: timing.lease.length) == nil
            if isHeard, let other = peer.latest, other.isActive { return .notActive(active: other.sender.name) }
            if isOutside || (record == nil && !identity.hasPeer) { return .outside }
            return startDeadline == nil ? .notSafe : .starting
        }
        if case .switchOver(let target) = order, target != me, target != otherName { return .unknownMachine(target) }
        switch order {
        case .switchOver(to: me): return nil
        case .stopSite where identity.role == .main: return nil
        case .addBackup: return obstacleToAdding(hadPair: assignment.hadPair)
        case .removeBackup where identity.role == .main: return assignment.hadPair ? nil : .noBackup
        default:
            guard hasPair else { return .noBackup }
            return isActive && !isPeerHealthy ? .unreachable(otherName) : nil
        }
    }

    private var otherName: MachineName {
        if case .addBackup(let name) = assignment?.order { return name }
        return peer.latest?.sender.name ?? partner?.name ?? me
    }

    private var backupName: MachineName? { identity.role == .backup ? me : partner?.name }

    /// The server that an operator wants for the Backup, until it is.
    var added: MachineName? { if case .addBackup(let name) = assignment?.order { name } else { nil } }

    // MARK: - Steps

    /// Why the holder asks to be relieved: the operator wants the other server to act.
    var orderedAway: ElectionHeartbeat.HandOver? {
        guard let assignment else { return nil }
        switch assignment.order {
        case .switchOver(let target) where target != me && target == otherName:
            return ElectionHeartbeat.HandOver(reason: .planned, by: assignment.user)
        case .removeBackup where identity.role == .backup:
            return ElectionHeartbeat.HandOver(reason: .planned, by: assignment.user)
        case .stopSite where identity.role == .backup:
            return ElectionHeartbeat.HandOver(reason: .siteStopped, by: assignment.user)
        default: return nil
        }
    }

    /// A holder that hears this server hands over; any other is not waited for.
    private mutating func force(by user: MachineName, waited: Duration, at now: Moment) -> [Directive] {
        let isAsked = isPeerHealthy && isPeerActing && waited < timing.handOverPatience
        guard isAsked else {
            // Clients ignore what is lower than the epoch that they obey, and this server may not have heard of it.
            return begin(makeClaim(.resume, .forced, "\(user) forced it", by: user, at: now), at: now)
        }
        if claim == nil, record?.mode == .paired, record?.standbySession == identity.session {
            let wish = ElectionHeartbeat.HandOver(reason: .planned, by: user)
            claim = makeClaim(.handOver, wish.reason, Evidence.handsOver(wish).sentence, by: user, at: now)
        }
        return []
    }

    /// The holder begins an epoch that needs no Backup. From PAIRED only the Backup or the witnesses can grant that.
    private mutating func goOnAlone(_ reason: Reason, by user: MachineName, at now: Moment) -> [Directive] {
        guard let record, isActive else { return [] }
        let wish = makeClaim(.goOnAlone, reason, "\(user) ordered it", by: user, at: now)
        if record.mode != .paired { return begin(wish, at: now) }
        if claim == nil { claim = wish }
        return []
    }
}
