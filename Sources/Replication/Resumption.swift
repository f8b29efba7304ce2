import FailoverCore
import HubProtocol

/// On which session an author may send. A hub must first say what it has already, once in each session with it, so that
/// nothing comes twice or too late. A value without clock or IO.
public struct Resumption: Sendable {
    public struct Session: Hashable, Sendable {
        public var hub: MachineName
        /// Counts the sessions with it.
        public var connection: Int

        public init(hub: MachineName, connection: Int) { (self.hub, self.connection) = (hub, connection) }
    }

    public enum Stage: Hashable, Sendable {
        /// No hub is followed.
        case away
        /// The hub is asked what it has already.
        case asking(Session, token: String)
        case sending(Session)
    }

    public private(set) var stage = Stage.away

    public init() {}

    /// The author works on this session from now on.
    ///
    /// - Returns: what to ask the hub with; `nil` when nothing is to be asked.
    public mutating func follow(_ session: Session?, token: () -> String) -> String? {
        guard let session else {
            stage = .away
            return nil
        }
        switch stage {
        case .asking(session, _), .sending(session): return nil
        default: break
        }
        let token = token()
        stage = .asking(session, token: token)
        return token
    }

    /// Whether it still waits for the answer on this session.
    public func waits(for token: String, on session: Session) -> Bool { stage == .asking(session, token: token) }

    /// - Returns: whether all that the hub lacks is to be sent now.
    public mutating func answered(_ confirmation: Confirmation, on session: Session) -> Bool {
        guard let token = confirmation.token, stage == .asking(session, token: token) else { return false }
        stage = .sending(session)
        return true
    }
}
