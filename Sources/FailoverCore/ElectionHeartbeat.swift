/// All that a server says of itself at one moment, to the other server and to the witnesses.
///
/// It is sent at a steady pace and at once after every change. A lost or repeated one does no harm, since each carries
/// everything; what an earlier session said is void.
public struct ElectionHeartbeat: Codable, Hashable, Sendable {
    /// One run of the sender.
    public var session: String
    /// On the sender's clock; it means nothing to anybody else, and comes back in an echo.
    public var sentAt: MonotonicTime
    public var sender: ServerAddress
    public var role: Role
    /// The sender's record as it is on its disk.
    public var record: Record?
    /// The sender acts as the hub at this moment.
    public var isActive: Bool
    public var claim: Claim?
    /// The sender acts, and asks to be relieved.
    public var handsOver: HandOver?
    /// The server that the sender is about to be paired with, by an operator's word; its record does not name that one yet.
    public var adds: MachineName?
    /// The sender is being stopped in good order.
    public var isLeaving: Bool
    /// The newest heartbeat that the sender has received from the other server, while it counts as living.
    public var echo: Echo?

    public struct HandOver: Codable, Hashable, Sendable {
        public var reason: Reason
        /// The operator who ordered it, if one did.
        public var by: MachineName?
    }

    public struct Echo: Codable, Hashable, Sendable {
        public var session: String
        /// As it stood in that heartbeat, on its sender's clock.
        public var sentAt: MonotonicTime
    }
}
