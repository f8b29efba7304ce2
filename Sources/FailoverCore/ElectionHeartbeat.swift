/// The one message between two servers: all that the sender says of itself at that moment.
///
/// It is sent at a steady pace and at once after every change. A lost or repeated one does no harm, since each
/// carries everything; what an earlier session said is void.
public struct ElectionHeartbeat: Codable, Hashable, Sendable {
    /// One run of the sender.
    public var session: String
    /// Counts from 1 within the session.
    public var sequence: UInt64
    public var sender: ServerAddress
    public var role: Role
    /// The sender's record as it is on its disk.
    public var record: Record?
    /// The sender acts as the hub at this moment.
    public var isActive: Bool
    /// The epoch that the sender asks for.
    public var claim: Epoch?
    /// The sender is being stopped in good order.
    public var isLeaving: Bool
    /// The newest heartbeat that the sender has received from the other server, while it counts as living.
    public var echo: Echo?

    public struct Echo: Codable, Hashable, Sendable {
        public var session: String
        public var sequence: UInt64
    }
}
