import FailoverCore

/// Rule 8: a pair holds as long as the run of the standby that it names. What the holder confirms there, that run was given
/// and no other; and it echoes nothing after its end, so a lease later nobody acts in that pair.
final class StandbyOracle {
    private(set) var violation: String?
    private var ends: [String: Instant] = [:]

    /// The lease of 125 ms, on a clock that is 1.5 % slow.
    private static let lease = Span.milliseconds(127)

    func ended(_ run: String, at instant: Instant) { ends[run] = instant }

    func observe(_ server: ServerMachine, _ core: Coordinator, _ site: Site) {
        guard core.isActive, let record = core.record, record.mode == .paired, let standby = record.standbySession,
            let end = ends[standby], site.now - end > Self.lease
        else { return }
        violation =
            violation
            ?? "rule 8: \(server.node) acts in a pair with \(standby), which ended \((site.now - end).inSeconds) s ago"
    }
}
