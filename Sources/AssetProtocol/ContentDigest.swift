/// The SHA-256 of a content, as 64 lower-case hexadecimal digits. It is the content's name on disk.
public struct ContentDigest: Hashable, Sendable, CustomStringConvertible {
    public let description: String

    /// Returns `nil` when `text` is no digest.
    public init?(_ text: String) {
        guard text.utf8.count == 64, text.utf8.allSatisfy({ Self.digits.contains($0) }) else { return nil }
        description = text
    }

    /// From the 32 bytes that the hash has.
    public init(bytes: some Sequence<UInt8>) {
        let digits = Self.digits
        description = String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        let digits = description.utf8.map {
            UInt8($0 < UInt8(ascii: "a") ? $0 - UInt8(ascii: "0") : $0 - UInt8(ascii: "a") + 10)
        }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    private static let digits = Array("0123456789abcdef".utf8)
}

extension ContentDigest: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let digest = Self(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a digest")
        }
        self = digest
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
