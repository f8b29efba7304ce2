/// The name of one machine of a site, unique on it: 1 to 64 characters of `[A-Za-z0-9_-]`.
///
/// The bound keeps a name usable as one level of a topic, as a file name and as a certificate's common name.
public struct MachineName: Hashable, Comparable, Sendable, CustomStringConvertible {
    public static let maximumLength = 64

    public let description: String

    /// Returns `nil` when `text` is not a valid name.
    public init?(_ text: String) {
        let isValid = { (byte: UInt8) in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default:
                false
            }
        }
        guard (1...Self.maximumLength).contains(text.utf8.count), text.utf8.allSatisfy(isValid) else { return nil }
        description = text
    }

    public static func < (left: Self, right: Self) -> Bool { left.description < right.description }
}

extension MachineName: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let name = Self(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a machine name")
        }
        self = name
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
