/// Holds the beginning of a change of many topics until its end is there, so that a server which takes over in between has
/// all of it or none. A value without clock or IO.
struct PartialChange: Sendable {
    private var held: [Write] = []
    private var heldBytes = 0

    /// The sender gives its stream up before so much waits.
    static let mostBytes = 2 * OutgoingStream.mostWaitingBytes

    /// - Returns: what is to be applied now, in order.
    mutating func take(_ write: Write) -> [Write] {
        guard write.isContinued || !held.isEmpty else { return [write] }
        var part = write
        part.isContinued = false
        held.append(part)
        heldBytes += write.message.payload.count
        guard !write.isContinued || heldBytes > Self.mostBytes else { return [] }
        defer { (held, heldBytes) = ([], 0) }
        return held
    }
}
