extension Coordinator {
    /// This server is being stopped in good order.
    public var isLeaving: Bool { stopDeadline != nil }

    /// It acts until its standby has relieved it, so that a planned stop or switch is not felt (rule 6), and says why.
    var handsOver: ElectionHeartbeat.HandOver? {
        guard isActive, record?.mode == .paired else { return nil }
        if isLeaving { return .init(reason: identity.role == .main ? .mainStopped : .backupStopped) }
        return orderedAway
    }

    /// It is the only one that may act, and the other server is there to be paired and to relieve it.
    var owesRelief: Bool {
        guard let record, record.holder == me, record.mode == .alone, record.reason != .siteStopped,
            peer.healthySince != nil
        else { return false }
        return peer.latest?.isLeaving == false
    }

    /// The end of a day (rule 11): the holder of an epoch that was begun for it stops, and the other server with it.
    mutating func stopWithSite(at now: Moment) {
        guard stopDeadline == nil, assignment == nil, let record, record.reason == .siteStopped,
            record.epoch != unwanted,
            // Not that of a day before.
            firstEpoch.map({ record.epoch > $0 }) ?? true
        else { return }
        let isTold = peer.latest?.isLeaving == true && peer.latest?.record?.epoch == record.epoch
        if record.epoch == wonEpoch || isTold { stopDeadline = now.monotonic + timing.handOverPatience }
    }

    /// A standby goes when the holder does not count on it any more, so that its record is the newest; the holder that
    /// stops the site goes last; all others just go.
    mutating func finishStop(at now: Moment) -> [Directive] {
        guard let stopDeadline else { return [] }
        let isCountedOn =
            record?.mode == .paired && record?.standbySession == identity.session && peer.healthySince != nil
        let goesLast =
            record?.reason == .siteStopped && record?.epoch == wonEpoch && peer.healthySince != nil
            && peer.latest?.isLeaving == false
        let isBusy = assignment != nil || handsOver != nil || owesRelief || writing != nil || isCountedOn || goesLast
        return !isBusy || now.monotonic >= stopDeadline ? [.readyToStop] : []
    }
}
