extension Coordinator {
    /// Whether the other server is there, hears this one, and holds this epoch's record.
    ///
    /// What a broken network held up comes late and all at once: an echo that is old already would begin a pair whose
    /// lease is over (found by the simulation, and in real cut networks).
    public var canPair: Bool {
        guard isActive, let record, record.mode != .paired, record.reason != .siteStopped, peer.healthySince != nil,
            let other = peer.latest, welcomes(other.sender.name), !other.isLeaving, let echo = other.echo,
            lastHandled - echo.sentAt < asksAfter
        else { return false }
        return other.record?.epoch == record.epoch
    }

    /// The server that the record names; where it names none, one that an operator adds, or the one that this server was told
    /// of when it was started.
    private func welcomes(_ other: MachineName) -> Bool {
        if let partner { return partner.name == other }
        return added == other || (added == nil && mayBeginPair && record?.mode != .single)
    }

    /// The holder names the standby that may take over from it, and who votes (rules 8 and 9), once that one has
    /// everything that was confirmed without it.
    mutating func pair(at now: Moment) -> [Directive] {
        guard canPair, isLeaving || added != nil || isPauseOrderedAway || pairingPause.isOver(at: now.monotonic),
            let other = peer.latest, var next = record
        else { return [] }
        var directives: [Directive] = []
        guard isCopied(to: other.session, &directives) else { return directives }
        next.version += 1
        next.mode = .paired
        next.standbySession = other.session
        next.witnesses = witnessChoice.choose(keeping: [])
        next.lease = timing.lease
        next.staysAway = record?.staysAway == true && !isBack(other)
        lastStandby = other.session
        standbyLostAt = nil
        if identity.role == .main { next.backup = other.sender } else { next.main = other.sender }
        // The heartbeat that the standby has echoed last: it holds this epoch's record since then.
        echoedAt = other.echo?.sentAt
        return store(next)
    }

    /// An order does not wait for the end of a pause that began before it. A way that loses the standby again is not fit
    /// for it either.
    private var isPauseOrderedAway: Bool {
        guard orderedAway != nil, let assignment else { return false }
        return standbyLostAt.map { $0 <= assignment.askedAt } ?? true
    }

    /// Main was lost and is back, in another run or after a while; a stall of a moment is none.
    private func isBack(_ main: ElectionHeartbeat) -> Bool {
        guard main.session == lastStandby else { return lastStandby != nil }
        guard let standbyLostAt, let healthySince = peer.healthySince else { return false }
        return healthySince - standbyLostAt >= timing.silenceWithoutWitness
    }
}
