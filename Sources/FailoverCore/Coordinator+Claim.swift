extension Coordinator {
    // MARK: - The other server's claim

    /// Accepts the other server's claim (rule 4a): stores the record that it asks for. From then on this server's own
    /// claim from that epoch is void, whatever votes it got.
    ///
    /// A standby accepts what its holder asks for. A holder accepts when it does not act itself, or when it is asked to
    /// hand over and may, and the standby has everything (rule 6).
    mutating func acceptClaim(at now: Moment) -> [Directive] {
        guard let record, let other = peer.latest, let asked = other.claim, asked.from == record.epoch,
            asked.epoch > record.epoch, record.mode == .paired, !isPlaceTaken, !isOutside
        else { return [] }
        let accepts: Bool =
            switch asked.purpose {
            case .goOnAlone: record.holder != me
            // A standby that has asked for itself has evidence that the run before is lost.
            case .resume: record.holder != me && claim == nil
            case .takeOver: record.holder == me && record.epoch != wonEpoch
            case .handOver: record.holder == me && (handsOver != nil || peer.healthySince != nil)
            }
        // Below the floor of a server that lost its store lie epochs that it may have used; not since it was paired.
        let floor = record.standbySession == identity.session ? nil : epochFloor
        guard accepts, floor.map({ max(asked.epoch, asked.from) > $0 }) ?? true else { return [] }
        if asked.purpose == .handOver {
            var directives: [Directive] = []
            guard isCopied(to: other.session, &directives) else { return directives }
        }
        return store(newEpoch(asWanted(asked), holder: other.sender.name, at: now))
    }

    /// The stop of the site may have been refused since the other one was asked for it (found by the simulation).
    private func asWanted(_ asked: Claim) -> Claim {
        guard asked.purpose == .handOver, asked.reason == .siteStopped, orderedAway?.reason != .siteStopped else {
            return asked
        }
        var granted = asked
        (granted.reason, granted.by) = (identity.role == .main ? .mainLost : .backupLost, nil)
        return granted
    }

    // MARK: - Its own claim

    /// A server that came back without its store grants nothing below its floor, which its own claim shows: the other one
    /// asks for an epoch above. Its votes stay, since they are for the epoch that it starts from (found by the
    /// simulation).
    mutating func askAboveLostEpochs() {
        let other: Role = identity.role == .main ? .backup : .main
        guard let claim, let asked = peer.latest?.claim, asked.from == claim.from,
            asked.epoch > claim.epoch.next(for: other)
        else { return }
        self.claim?.epoch = asked.epoch.next(for: identity.role)
    }

    /// What others hear of the claim. A standby that is asked to act proves first that its disk still takes its record:
    /// once it was handed over to, nobody else may act.
    var shownClaim: Claim? { claim?.purpose == .handOver && proven != record ? nil : claim }

    mutating func proveDisk() -> [Directive] {
        guard claim?.purpose == .handOver, proven != record, let record else { return [] }
        writing = record
        return [.store(record)]
    }

    /// Counts one vote of each witness of this epoch, for the claim that stands (rule 3).
    mutating func count(_ vote: Vote) {
        guard let claim, vote.candidate == me, vote.from == claim.from, let record, record.epoch == claim.from,
            record.witnesses.contains(vote.witness)
        else { return }
        votes[vote.witness.name] = .some(vote.goneSession)
    }

    /// The claim is granted by more than half of the witnesses (rule 4b), or there are none (rule 7).
    mutating func win(at now: Moment) -> [Directive] {
        guard let claim, let record, record.epoch == claim.from, record.mode == .paired, let counts = claimCounts,
            hasMajority(votes.count)
        else { return [] }
        let isGone = isProcessGone
        guard now.monotonic >= counts || isGone else { return [] }
        confirmsFrom = isGone && now.monotonic < counts ? counts : nil
        var granted = claim
        if claim.purpose == .takeOver, let heard = peer.lastHeard {
            granted.silenceMs = (now.monotonic - heard).inMilliseconds
        }
        // The holder wanted the site stopped, and is lost: it may have refused that meanwhile (found by the simulation).
        if claim.purpose == .handOver, claim.reason == .siteStopped {
            granted.reason = identity.role == .main ? .backupLost : .mainLost
            granted.by = nil
        }
        return store(newEpoch(granted, holder: me, at: now), isWon: true)
    }

    /// From when on votes are enough.
    ///
    /// A standby waits until the holder's lease has ended for certain; without a witness, longer. A holder need not wait
    /// for anybody, unless it was away itself and there is no witness to ask what happened meanwhile.
    var claimCounts: MonotonicTime? {
        guard let claim, let record else { return nil }
        switch claim.purpose {
        case .resume: return nil
        case .goOnAlone:
            guard record.witnesses.isEmpty, !isActive else { return lastHandled }
            return (peer.silentFrom ?? startedAt) + timing.silenceWithoutWitness
        case .takeOver, .handOver:
            let heard = peer.lastHeard ?? startedAt
            let isAlone = record.witnesses.isEmpty
            return isAlone
                ? max(heard, peer.silentFrom ?? startedAt) + timing.silenceWithoutWitness
                : heard + record.lease.length + record.lease.margin
        }
    }

    /// The shortcut (rule 5): this server and most witnesses saw the same run of the holder go, and its address refuse
    /// a connection.
    private var isProcessGone: Bool {
        guard claim?.purpose == .takeOver, let record, record.standbySession == identity.session,
            !record.witnesses.isEmpty, let gone = peer.goneSession
        else { return false }
        return hasMajority(votes.values.count { $0 == gone })
    }

    private func hasMajority(_ count: Int) -> Bool {
        guard let witnesses = record?.witnesses, !witnesses.isEmpty else { return true }
        return count > witnesses.count / 2
    }
}
