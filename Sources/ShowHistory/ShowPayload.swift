/// The bytes of a message of the load: who wrote it, as its how manieth, and as many bytes as there should be, all in
/// plain text, so that nothing of the product is needed to know it again.
public enum ShowPayload {
    /// No smaller one can say all that.
    public static let fewestBytes = 32

    /// - Parameter size: in bytes; 0, or at least `fewestBytes`.
    public static func make(author: String, sequence: Int, size: Int) -> [UInt8] {
        guard size > 0 else { return [] }
        let head = Array("\(author) \(sequence) \(size) ".utf8)
        return head + Array(repeating: filler(of: sequence), count: max(0, size - head.count))
    }

    /// - Returns: `nil` for bytes that no author has made, or not like this.
    public static func read(_ bytes: [UInt8]) -> (author: String, sequence: Int)? {
        let parts = bytes.prefix(80).split(separator: UInt8(ascii: " "), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, let sequence = Int(String(decoding: parts[1], as: UTF8.self)),
            Int(String(decoding: parts[2], as: UTF8.self)) == bytes.count
        else { return nil }
        let filler = filler(of: sequence)
        guard bytes[parts[3].startIndex...].allSatisfy({ $0 == filler }) else { return nil }
        return (String(decoding: parts[0], as: UTF8.self), sequence)
    }

    private static func filler(of sequence: Int) -> UInt8 { UInt8(ascii: "a") + UInt8(sequence % 26) }
}
