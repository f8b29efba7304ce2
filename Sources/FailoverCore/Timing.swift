/// Every span of time that the election depends on.
public struct Timing: Hashable, Sendable {
    /// Between two heartbeats of a server.
    public var heartbeat: Duration = .milliseconds(25)
    /// A server that was not heard for this long is lost.
    ///
    /// Ten heartbeats: a machine whose two cores are busy was seen to delay single ones by four.
    public var silence: Duration = .milliseconds(250)
    /// How long a starting server asks the other one before it decides alone (rule 11).
    public var startPatience: Duration = .seconds(3)
    /// How long Main stays healthy before clients go home.
    public var returnDelay: Duration = .seconds(5)
    /// A failure this soon after a return doubles the next return delay (rule 10).
    public var returnIsSoon: Duration = .seconds(60)
    public var longestReturnDelay: Duration = .seconds(300)
    /// Pause before pairing again after a standby was lost; doubled by each loss, so that a flapping link burns few
    /// epochs (rule 8).
    public var pairingDelay: Duration = .milliseconds(500)
    public var longestPairingDelay: Duration = .seconds(30)
    /// How long a pair must hold for its earlier losses to be forgotten.
    public var pairingIsStable: Duration = .seconds(60)
    /// How long a server that is stopped waits for the other to take over.
    public var handOverPatience: Duration = .seconds(1)

    public init() {}
}
