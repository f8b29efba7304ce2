/// Every span of time that the election depends on.
public struct Timing: Hashable, Sendable {
    /// Between two heartbeats of a server.
    public var heartbeat: Duration = .milliseconds(25)
    /// A server that was not heard for this long is suspected: the asking starts, and nothing else.
    public var suspicion: Duration = .milliseconds(75)
    /// See `Lease`: after it the holder stands down, and after it and its margin the standby may act.
    public var lease = Lease(milliseconds: 125, marginMilliseconds: 5)
    /// How long a standby without any witness waits before it takes over (rule 7).
    public var silenceWithoutWitness: Duration = .seconds(1)
    /// How long other witnesses must be the better choice before the pair is renewed for them (rule 9).
    public var witnessPatience: Duration = .seconds(1)
    /// The same where there is no witness yet.
    public var firstWitnessPatience: Duration = .milliseconds(200)
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
    /// How long no such pause may have been needed for the earlier ones to be forgotten.
    public var pairingIsStable: Duration = .seconds(60)
    /// How long a server that is stopped waits for the other to take over.
    public var handOverPatience: Duration = .seconds(1)
    /// How long an operator's order may take before it is refused.
    public var orderPatience: Duration = .seconds(5)

    /// How long a server that is added to the site may take until it hears this one.
    public var joinPatience: Duration = .seconds(15)
    /// How long it may then take until it has the whole show.
    public var copyPatience: Duration = .seconds(120)

    public init() {}
}
