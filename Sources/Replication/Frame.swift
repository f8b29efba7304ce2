/// What one MQTT message between the two servers carries: a slice of one server's stream, and how far it has read the
/// other one's. An item may begin in one frame and end in a later one, so that a large payload holds nothing up for long.
public struct Frame: Hashable, Sendable {
    /// One connection's worth of a sender; random.
    public var stream: UInt64
    /// Counts from 0 in each stream; 0 with no content is a mere acknowledgement.
    public var number: UInt64
    public var content: [UInt8]
    public var acknowledgement: Acknowledgement?

    /// Everything up to this frame of the other server's stream is applied.
    public struct Acknowledgement: Hashable, Sendable {
        public var stream: UInt64
        public var number: UInt64
    }

    static let version: UInt8 = 1

    public var encoded: [UInt8] {
        var out = ByteWriter()
        out.tag(Self.version)
        out.number(stream)
        out.number(number)
        out.optional(acknowledgement) {
            $0.number($1.stream)
            $0.number($1.number)
        }
        out.bytes(content)
        return out.content
    }

    public init(decoding bytes: [UInt8]) throws(MalformedStream) {
        var reader = ByteReader(bytes[...])
        guard try reader.tag() == Self.version else { throw MalformedStream() }
        (stream, number) = (try reader.number(), try reader.number())
        acknowledgement =
            try reader.tag() == 0 ? nil : Acknowledgement(stream: try reader.number(), number: try reader.number())
        content = try reader.bytes()
        guard reader.isAtEnd else { throw MalformedStream() }
    }

    public init(stream: UInt64, number: UInt64, content: [UInt8], acknowledgement: Acknowledgement?) {
        (self.stream, self.number) = (stream, number)
        (self.content, self.acknowledgement) = (content, acknowledgement)
    }
}
