import CMosquitto

/// Why a session ended.
public enum CloseReason: Hashable, Sendable, CustomStringConvertible {
    /// By this side.
    case requested
    /// The machine is there, but nobody listens at that port.
    case connectionRefused
    /// Nobody answered before the connect deadline.
    case noAnswer
    /// The host name is not known.
    case unknownHost
    /// It was there, and ended the connection before CONNACK: so does a broker with keys to a machine without, and the other
    /// way round.
    case endedUnanswered(hadKey: Bool)
    /// Keys and no keys, or keys that do not go together.
    case untrusted(TLSFault)
    /// The broker answered CONNECT with this reason code (MQTT 5, table 3-1).
    case rejected(code: Int32)
    /// The connection broke. Also when the same client connected anew: Mosquitto 2.0.11 does not say so.
    case lost(String)

    /// Whether it is for the keys of one side or the other.
    public var isOfKeys: Bool {
        switch self {
        case .untrusted, .endedUnanswered: true
        case .rejected(let code): code == Int32(MQTT_RC_NOT_AUTHORIZED.rawValue)
        default: false
        }
    }

    public var description: String {
        switch self {
        case .requested: "closed"
        case .connectionRefused: "connection refused"
        case .noAnswer: "no answer"
        case .unknownHost: "unknown host name"
        case .endedUnanswered(hadKey: false):
            "it ended the connection without an answer. If the site has keys, name this machine's with --keys"
        case .endedUnanswered(hadKey: true):
            "it ended the connection without an answer. Perhaps it has no keys: start it with a key of this site (--keys). "
                + "Or it has as many connections as it takes"
        case .untrusted(let fault): "\(fault)"
        case .rejected(let code) where code == Int32(MQTT_RC_NOT_AUTHORIZED.rawValue):
            "it does not accept this machine: perhaps its key is good no more (it was revoked, and understudy keys add issues "
                + "a new one), it has too many sessions, or another machine uses its client id. The server's log says which"
        case .rejected(let code): "rejected by the broker (\(reasonText(code)))"
        case .lost(let cause): "connection lost (\(cause))"
        }
    }
}

/// Why a publish or a subscription was not confirmed.
public enum RequestError: Error, Hashable, Sendable, CustomStringConvertible {
    case notConnected
    /// The session ended before the answer.
    case sessionClosed(CloseReason)
    /// The broker refused it, with this MQTT 5 reason code.
    case refused(code: Int32)
    /// The library would not take it: an invalid topic, too large a payload.
    case invalid(String)

    public var description: String {
        switch self {
        case .notConnected: "not connected"
        case .sessionClosed(let reason): "the session ended first: \(reason)"
        case .refused(let code): "refused by the broker (\(reasonText(code)))"
        case .invalid(let cause): cause
        }
    }
}
