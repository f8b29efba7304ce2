extension Coordinator {
    /// The standby asks to take over when it has evidence that the holder is lost, or the holder asks to be relieved.
    ///
    /// Only the standby that the record names; one that restarted asks when its patience is over (rule 11).
    mutating func takeOver(at now: Moment) {
        // A return that was asked for becomes a takeover when the holder is lost meanwhile; the votes stay.
        guard claim == nil || claim?.purpose == .handOver, !isLeaving, !isOutside, let record, record.mode == .paired,
            record.holder != me
        else { return }
        let isStandby = record.standbySession == identity.session
        guard let evidence = isStandby ? holderEvidence(at: now.monotonic) : strangerEvidence(at: now.monotonic) else {
            return
        }
        let stopped: Reason? =
            switch evidence {
            case .handsOver(let wish): wish.reason
            case .leaving: identity.role == .backup ? .mainStopped : .backupStopped
            default: nil
            }
        let isOrderly = stopped != nil
        let orderer: MachineName? = if case .handsOver(let wish) = evidence { wish.by } else { nil }
        guard claim == nil || !isOrderly else { return }
        let reason = stopped ?? (identity.role == .backup ? .mainLost : .backupLost)
        let silence = isOrderly ? .zero : peer.lastHeard.map { now.monotonic - $0 } ?? .zero
        claim = makeClaim(
            isOrderly ? .handOver : .takeOver, reason, evidence.sentence, by: orderer, silence: silence,
            at: now)
    }

    private func holderEvidence(at now: MonotonicTime) -> Evidence? {
        guard let holder = peer.latest else { return nil }
        if let wish = holder.handsOver { return .handsOver(wish) }
        if let lost = peer.lost(at: now, silence: timing.suspicion) { return lost }
        // Its record is this one, but it does not act, and it is not the run that did.
        let isOther = holder.claim?.purpose == .resume && holder.record?.epoch == record?.epoch
        return isOther ? .restarted : nil
    }

    private func strangerEvidence(at now: MonotonicTime) -> Evidence? {
        // The holder was restarted and asks for an epoch that this server, which lost its store, may have used: this one
        // asks for a higher one.
        if epochFloor != nil, let holder = peer.latest, !holder.isActive, let asked = holder.claim,
            [.resume, .goOnAlone].contains(asked.purpose), asked.from == record?.epoch
        {
            return .restarted
        }
        return isUnreachable(at: now) ? .silence(now - max(startedAt, peer.silentFrom ?? startedAt)) : nil
    }
}
