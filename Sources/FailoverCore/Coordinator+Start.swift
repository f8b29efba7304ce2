extension Coordinator {
    /// Start (rule 11): nobody acts before the other server was asked.
    ///
    /// - The record says this server and ALONE: nobody can have taken over. Resume when the other answered, when nobody
    ///   listens there, or when `startPatience` is over.
    /// - It says PAIRED: ask the other one; the votes count only when it could not be reached for `startPatience`.
    /// - It says the other and ALONE: wait for that one.
    /// - There is no record: this site begins, or the store was lost, which nobody can tell. Only a server that was told
    ///   of no other begins by itself; all others do what the other one's record says.
    mutating func decideStart(at now: Moment) -> [Directive] {
        let isPatienceOver = startDeadline.map { now.monotonic >= $0 } ?? true
        let isAnswered = peer.latest != nil && peer.lost(at: now.monotonic, silence: timing.lease.length) == nil
        if isPlaceTaken { return isPatienceOver ? [.refuseStart] : [] }
        guard let record else { return beginSite(isAnswered: isAnswered, at: now) }
        if isAnswered || isPatienceOver { startDeadline = nil }
        guard record.holder == me, record.epoch != wonEpoch, !isLeaving || owesRelief else { return [] }
        switch record.mode {
        case .alone, .single:
            guard startDeadline == nil || peer.link == .refused || !identity.hasPeer,
                !isSuperseded(record, isAnswered: isAnswered)
            else {
                return []
            }
            return begin(makeClaim(.resume, .resumed, "\(me) held the last epoch", at: now), at: now)
        case .paired:
            // Only the other server's word counts at first; what it does not answer, the witnesses may.
            let purpose: Claim.Purpose = isUnreachable(at: now.monotonic) ? .goOnAlone : .resume
            if claim == nil || (claim?.purpose == .resume && purpose == .goOnAlone) {
                claim = makeClaim(purpose, .resumed, "\(me) held the last epoch", at: now)
            }
            return []
        }
    }

    /// Clients obey an epoch that this server did not live to see: the other one was forced meanwhile, and may act where
    /// this one does not see it.
    private func isSuperseded(_ record: Record, isAnswered: Bool) -> Bool {
        guard let followed, followed > record.epoch, !followed.isTaken(by: identity.role) else { return false }
        // That one may have lost it with its store.
        let hasItNoMore = isAnswered && peer.latest?.isActive == false
        return !hasItNoMore
    }

    /// This server has asked for long enough, and did not reach the other one in all that time.
    func isUnreachable(at now: MonotonicTime) -> Bool {
        now - max(startedAt, peer.silentFrom ?? startedAt) >= timing.startPatience
    }

    /// Both servers without a record agree that the site begins, and that Main begins it.
    private mutating func beginSite(isAnswered: Bool, at now: Moment) -> [Directive] {
        let isAlone = !identity.hasPeer
        let isAgreed = isAnswered && peer.latest?.record == nil
        guard identity.role == .main, isAlone || isAgreed else { return [] }
        return begin(makeClaim(.resume, .started, "first start of this site", at: now), at: now)
    }

    /// While it starts, this server heard the other one answer to somebody else: a second server of its role.
    var isPlaceTaken: Bool {
        guard startDeadline != nil, let echo = peer.latest?.echo,
            peer.lost(at: lastHandled, silence: timing.lease.length) == nil
        else { return false }
        return echo.session != identity.session
    }
}
