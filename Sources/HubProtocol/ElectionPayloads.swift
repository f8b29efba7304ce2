import FailoverCore

extension ElectionHeartbeat: Payload {}
extension Vote: Payload {}

/// The last will of a server's coordinator, on the other server's control broker.
public struct ElectionWill: Payload {
    public var session: String

    public init(session: String) { self.session = session }
}
