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

/// There is one for each message of the show, and a general coder takes longer for it than everything else on its way. So the
/// common one, without a token, is written and read by hand; it is JSON like all others.
extension Confirmation {
    private static let keys: (received: [UInt8], replicated: [UInt8]) =
        (Array(#"{"received":"#.utf8), Array(#","replicated":"#.utf8))

    public var encoded: [UInt8] {
        guard token == nil else { return encodedAsJSON }
        return Self.keys.received + "\(received)".utf8 + Self.keys.replicated + "\(replicated)}".utf8
    }

    public init(decoding bytes: some Collection<UInt8>) throws(MalformedPayload) {
        var rest = Array(bytes)[...]
        if let received = Self.number(after: Self.keys.received, in: &rest),
            let replicated = Self.number(after: Self.keys.replicated, in: &rest), rest.elementsEqual("}".utf8)
        {
            self.init(received: received, replicated: replicated)
        } else {
            try self.init(decodingJSON: bytes)
        }
    }

    private static func number(after key: [UInt8], in rest: inout ArraySlice<UInt8>) -> UInt64? {
        guard rest.starts(with: key) else { return nil }
        let digits = rest.dropFirst(key.count).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        rest = rest[digits.endIndex...]
        return UInt64(String(decoding: digits, as: UTF8.self))
    }
}
