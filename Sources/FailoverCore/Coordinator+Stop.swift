extension Coordinator {
    /// This server is being stopped in good order and says so in its heartbeats.
    public var isLeaving: Bool { stopDeadline != nil }

    /// A holder with a standby serves until it is relieved, so that a planned stop is not felt; all others just go.
    mutating func finishStop(at now: Moment) -> [Directive] {
        guard let stopDeadline else { return [] }
        let isServing = isActive && record?.mode == .paired && writing == nil
        return !isServing || now.monotonic >= stopDeadline ? [.readyToStop] : []
    }
}
