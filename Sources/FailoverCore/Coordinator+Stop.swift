extension Coordinator {
    /// This server is being stopped in good order.
    public var isLeaving: Bool { stopDeadline != nil }

    /// It acts until its standby has relieved it, so that a planned stop is not felt (rule 6).
    var handsOver: Bool { isLeaving && isActive && record?.mode == .paired }

    /// It is the only one that may act, and the other server is there to be paired and to relieve it.
    var owesRelief: Bool {
        guard let record, record.holder == me, record.mode == .alone, peer.healthySince != nil else { return false }
        return peer.latest?.isLeaving == false
    }

    /// A standby goes when the holder does not count on it any more, so that its record is the newest; all others just go.
    mutating func finishStop(at now: Moment) -> [Directive] {
        guard let stopDeadline else { return [] }
        let isCountedOn =
            record?.mode == .paired && record?.standbySession == identity.session && peer.healthySince != nil
        let isBusy = handsOver || owesRelief || writing != nil || isCountedOn
        return !isBusy || now.monotonic >= stopDeadline ? [.readyToStop] : []
    }
}
