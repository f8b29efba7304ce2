import FailoverCore
import HubProtocol

struct ByteWriter {
    private(set) var content: [UInt8] = []

    mutating func tag(_ tag: UInt8) { content.append(tag) }

    mutating func number(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            content.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        content.append(UInt8(rest))
    }

    mutating func bytes(_ bytes: some Collection<UInt8>) {
        number(UInt64(bytes.count))
        content.append(contentsOf: bytes)
    }

    mutating func text(_ text: String) { bytes(text.utf8) }

    mutating func optional<Value>(_ value: Value?, _ write: (inout ByteWriter, Value) -> Void) {
        tag(value == nil ? 0 : 1)
        if let value { write(&self, value) }
    }

    mutating func stamp(_ stamp: Stamp) {
        number(stamp.epoch.number)
        number(stamp.counter)
        text(stamp.origin.description)
    }

    mutating func write(_ write: Write) {
        stamp(write.stamp)
        let message = write.message
        text(message.topic)
        bytes(message.payload)
        tag(
            (message.isRetained ? 1 : 0) | (message.isConfirmed ? 2 : 0) | (message.isPatient ? 4 : 0)
                | (write.isContinued ? 8 : 0))
        optional(message.expiry) { $0.number(UInt64(bitPattern: $1.millisecondsSince1970)) }
        optional(message.identity) { out, identity in
            out.text(identity.publisher.machine.description)
            out.text(identity.publisher.session)
            out.number(identity.sequence)
        }
        optional(message.properties) { out, properties in
            out.optional(properties.contentType) { $0.text($1) }
            out.tag(properties.isText ? 1 : 0)
            out.optional(properties.responseTopic) { $0.text($1) }
            out.optional(properties.correlationData) { $0.bytes($1) }
            out.number(UInt64(properties.user.count))
            for property in properties.user {
                out.text(property.name)
                out.text(property.value)
            }
        }
    }
}

/// Reads what `ByteWriter` wrote; trusts nothing of it.
struct ByteReader {
    private let content: ArraySlice<UInt8>
    private var position: Int

    init(_ content: ArraySlice<UInt8>) {
        self.content = content
        position = content.startIndex
    }

    var isAtEnd: Bool { position == content.endIndex }

    mutating func tag() throws(MalformedStream) -> UInt8 {
        guard position < content.endIndex else { throw MalformedStream() }
        defer { position += 1 }
        return content[position]
    }

    mutating func number() throws(MalformedStream) -> UInt64 {
        var number: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            let byte = try tag()
            number |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return number }
        }
        throw MalformedStream()
    }

    mutating func bytes() throws(MalformedStream) -> [UInt8] {
        let count = try number()
        guard count <= UInt64(content.endIndex - position) else { throw MalformedStream() }
        defer { position += Int(count) }
        return Array(content[position..<position + Int(count)])
    }

    mutating func text() throws(MalformedStream) -> String {
        guard let text = String(validating: try bytes(), as: UTF8.self) else { throw MalformedStream() }
        return text
    }

    mutating func name() throws(MalformedStream) -> MachineName {
        guard let name = MachineName(try text()) else { throw MalformedStream() }
        return name
    }

    mutating func publisher() throws(MalformedStream) -> Publisher {
        let machine = try name()
        guard let publisher = Publisher(machine: machine, session: try text()) else { throw MalformedStream() }
        return publisher
    }

    mutating func stamp() throws(MalformedStream) -> Stamp {
        let (epoch, counter) = (try number(), try number())
        // Room to count on, whoever sent them.
        guard epoch <= Epoch.highestBelievable.number, counter <= 1 << 62 else { throw MalformedStream() }
        return Stamp(epoch: Epoch(epoch), counter: counter, origin: try name())
    }

    private mutating func isPresent() throws(MalformedStream) -> Bool { try tag() != 0 }

    mutating func write() throws(MalformedStream) -> Write {
        let stamp = try stamp()
        let (topic, payload) = (try text(), try bytes())
        let flags = try tag()
        var message = HubMessage(
            topic: topic, payload: payload, isRetained: flags & 1 != 0, isConfirmed: flags & 2 != 0,
            isPatient: flags & 4 != 0)
        if try isPresent() { message.expiry = Timestamp(millisecondsSince1970: Int64(bitPattern: try number())) }
        if try isPresent() {
            message.identity = MessageIdentity(publisher: try publisher(), sequence: try number())
        }
        if try isPresent() { message.properties = try properties() }
        var write = Write(message: message, stamp: stamp)
        write.isContinued = flags & 8 != 0
        return write
    }

    private mutating func properties() throws(MalformedStream) -> HubMessage.Properties {
        var properties = HubMessage.Properties()
        if try isPresent() { properties.contentType = try text() }
        properties.isText = try isPresent()
        if try isPresent() { properties.responseTopic = try text() }
        if try isPresent() { properties.correlationData = try bytes() }
        let count = try number()
        guard count <= UInt64(content.endIndex - position) else { throw MalformedStream() }
        for _ in 0..<count { properties.user.append(.init(name: try text(), value: try text())) }
        return properties
    }
}

extension Write {
    /// As it is stored and sent.
    public var encoded: [UInt8] {
        var out = ByteWriter()
        out.write(self)
        return out.content
    }

    public init(decoding bytes: [UInt8]) throws(MalformedStream) {
        var reader = ByteReader(bytes[...])
        self = try reader.write()
        guard reader.isAtEnd else { throw MalformedStream() }
    }
}
