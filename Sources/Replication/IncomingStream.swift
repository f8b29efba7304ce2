/// Puts the frames of the other server's stream together again.
public struct IncomingStream: Sendable {
    /// `nil` before the first one, and after one with a gap.
    public private(set) var acknowledgement: Frame.Acknowledgement?
    private var stream: UInt64?
    private var expected: UInt64 = 0
    private var unread: [UInt8] = []

    /// Of one item: the largest payload and room for what is around it.
    static let mostUnreadBytes = 4 * 1024 * 1024

    public init() {}

    /// The items that are whole now. None of a stream of which a frame is missing: its sender sees that nothing is
    /// acknowledged, and begins anew.
    public mutating func take(_ frame: Frame) throws(MalformedStream) -> [StreamItem] {
        guard !frame.content.isEmpty else { return [] }
        if frame.number == 0, frame.stream != stream {
            (stream, expected, unread) = (frame.stream, 0, [])
        }
        guard frame.stream == stream, frame.number == expected else { return [] }
        expected += 1
        acknowledgement = .init(stream: frame.stream, number: frame.number)
        unread.append(contentsOf: frame.content)
        var items: [StreamItem] = []
        var start = 0
        while let (body, end) = try nextItem(from: start) {
            var reader = ByteReader(unread[body])
            items.append(try StreamItem(from: &reader))
            guard reader.isAtEnd else { throw MalformedStream() }
            start = end
        }
        unread.removeFirst(start)
        guard unread.count <= Self.mostUnreadBytes else { throw MalformedStream() }
        return items
    }

    /// Where the next item lies, and where it ends; `nil` unless it is whole.
    private func nextItem(from start: Int) throws(MalformedStream) -> (Range<Int>, end: Int)? {
        var (length, shift, position) = (0, 0, start)
        while position < unread.count {
            let byte = unread[position]
            position += 1
            length |= Int(byte & 0x7f) << shift
            guard length <= Self.mostUnreadBytes else { throw MalformedStream() }
            if byte & 0x80 == 0 {
                return position + length <= unread.count ? (position..<position + length, position + length) : nil
            }
            shift += 7
            guard shift <= 28 else { throw MalformedStream() }
        }
        return nil
    }
}
