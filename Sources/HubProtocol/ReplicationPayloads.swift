import FailoverCore

/// An author asks, before its first message on a hub, what of its messages the hub has already, so that it repeats only
/// what is missing. From then on what the other hub still has of that author comes too late.
public struct ResumeRequest: Payload {
    /// Comes back in the answer.
    public var token: String
    /// In which it follows this hub. It may have heard of that epoch from the other hub, before this one's server has.
    public var epoch: Epoch?

    public init(token: String, epoch: Epoch?) { (self.token, self.epoch) = (token, epoch) }
}

/// A reader publishes it on the hub with which it has a new session, and waits for it on the other one.
public struct Marker: Payload {
    /// Of this session.
    public var token: String

    public init(token: String) { self.token = token }
}

/// How far an author's messages have come.
public struct Confirmation: Payload {
    /// The highest that this hub has.
    public var received: UInt64
    /// Up to this one both hubs have them; while the hub has no standby, they are on its server's disk.
    public var replicated: UInt64
    /// In answer to a `ResumeRequest`.
    public var token: String?

    public init(received: UInt64, replicated: UInt64, token: String? = nil) {
        self.received = received
        self.replicated = replicated
        self.token = token
    }
}

/// There is one for each message of the show, and a general coder takes longer for it than everything else on its way.
extension Confirmation {
    public init(decoding bytes: some Collection<UInt8>) throws(MalformedPayload) {
        guard let object = FlatObject(Array(bytes)), let received: UInt64 = object.number("received"),
            let replicated: UInt64 = object.number("replicated")
        else {
            try self.init(generallyDecoding: bytes)
            return
        }
        self.init(received: received, replicated: replicated, token: object.text("token"))
    }

    public var encoded: [UInt8] {
        guard token == nil else { return generallyEncoded }
        return Array(#"{"received":\#(received),"replicated":\#(replicated)}"#.utf8)
    }
}
