extension Coordinator {
    /// The standby takes over when it has evidence that the holder is lost.
    ///
    /// Only the standby that the record names may: one that restarted, or was never in sync, stays what it is.
    mutating func takeOver(at now: Moment) -> [Directive] {
        guard startDeadline == nil, !isLeaving, let record, record.holder != me, record.mode == .paired,
            record.standbySession == identity.session,
            let evidence = peer.lost(at: now.monotonic, silence: timing.silence)
        else { return [] }
        let reason: Reason =
            switch (identity.role, evidence) {
            case (.backup, .leaving): .mainStopped
            case (.backup, _): .mainLost
            case (_, .leaving): .backupStopped
            default: .backupLost
            }
        // A holder that announced its stop serves until it is relieved, so nobody was without a hub.
        let silence = evidence == .leaving ? .zero : peer.lastHeard.map { now.monotonic - $0 } ?? .zero
        return claimAlone(reason, evidence: evidence.sentence, silence: silence, at: now)
    }

    /// The holder that lost its standby goes on, in a new epoch as ALONE. No client moves (rule 15).
    mutating func goOnAlone(at now: Moment) -> [Directive] {
        guard isActive, !isLeaving, let record, record.mode == .paired else { return [] }
        let evidence: String
        let isLeaving: Bool
        if let lost = peer.lost(at: now.monotonic, silence: timing.silence) {
            evidence = lost.sentence
            isLeaving = lost == .leaving
        } else if peer.latest?.session != record.standbySession {
            evidence = "it was restarted"
            isLeaving = false
        } else {
            return []
        }
        pairingPause.pairEnded(at: now.monotonic)
        let reason: Reason =
            switch (identity.role, isLeaving) {
            case (.main, true): .backupStopped
            case (.main, false): .backupLost
            case (_, true): .mainStopped
            case (_, false): .mainLost
            }
        return claimAlone(reason, evidence: evidence, silence: .zero, at: now)
    }
}
