extension Coordinator {
    /// How long after the newest echo was sent a holder asks for ALONE: early enough that it has it before its lease
    /// ends, so that losing the standby is never felt on air (rule 15).
    var asksAfter: Duration { (record?.lease.length ?? timing.lease.length) * 3 / 5 }

    /// The holder asks to go on alone: its standby is lost or was restarted, has asked for itself, or other witnesses
    /// are the better choice. Both pair again at once, with fresh votes.
    mutating func goOnAlone(at now: Moment) -> [Directive] {
        guard claim == nil, let record, record.mode == .paired, record.holder == me, record.epoch == wonEpoch else {
            return []
        }
        let standbyReason: (lost: Reason, stopped: Reason) =
            identity.role == .main ? (.backupLost, .backupStopped) : (.mainLost, .mainStopped)
        let echoAge = now.monotonic - (echoedAt ?? now.monotonic)
        if let lost = peer.lost(at: now.monotonic, silence: asksAfter) {
            ask(lost == .leaving ? standbyReason.stopped : standbyReason.lost, lost.sentence, at: now)
        } else if let other = peer.latest, other.session != record.standbySession {
            ask(standbyReason.lost, Evidence.restarted.sentence, at: now)
        } else if echoAge >= asksAfter {
            ask(standbyReason.lost, "it hears nothing: no echo for \(echoAge.inNanoseconds / 1_000_000) ms", at: now)
        } else if peer.latest?.claim?.purpose == .takeOver {
            ask(standbyReason.lost, "it asked to take over", at: now)
        } else if witnessChoice.isBetter(than: record.witnesses, at: now.monotonic), handsOver == nil,
            renewalPause.isOver(at: now.monotonic)
        {
            ask(.witnessesChanged, "other clients vote from now on", at: now)
        }
        return []
    }

    private mutating func ask(_ reason: Reason, _ evidence: String, at now: Moment) {
        if reason == .witnessesChanged {
            renewalPause.begin(at: now.monotonic)
        } else {
            pairingPause.begin(at: now.monotonic)
            standbyLostAt = standbyLostAt ?? now.monotonic
        }
        claim = makeClaim(.goOnAlone, reason, evidence, at: now)
    }
}
