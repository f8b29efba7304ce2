extension Coordinator {
    /// This server is being stopped in good order.
    public var isLeaving: Bool { stopDeadline != nil }

    /// It acts until its standby has relieved it, so that a planned stop is not felt (rule 6).
    var handsOver: Bool { isLeaving && isActive && record?.mode == .paired }

    /// A standby goes when the holder does not count on it any more, so that its record is the newest; all others just go.
    mutating func finishStop(at now: Moment) -> [Directive] {
        guard let stopDeadline else { return [] }
        let isCountedOn =
            record?.mode == .paired && record?.standbySession == identity.session && peer.healthySince != nil
        let isBusy = handsOver || writing != nil || isCountedOn
        return !isBusy || now.monotonic >= stopDeadline ? [.readyToStop] : []
    }
}
