import Foundation

/// What a person calls a show: 1 to 64 characters, letters of any script, digits, spaces and `-_.,+&'()!#`, with neither a
/// dot nor a space at its beginning, and no space at its end. In Unicode's composed form (NFC), so that what looks the same
/// is the same.
///
/// The bounds keep it usable as a file name, as one level of a path and in a line of text.
public struct ShowName: Hashable, Sendable, CustomStringConvertible {
    public static let maximumLength = 64
    /// A file name has at most 255, its ending among them.
    public static let maximumBytes = 200
    /// For people.
    public static let rule =
        "A show's name has 1 to \(maximumLength) characters: letters, digits, spaces and -_.,+&'()!#, and begins with neither a "
        + "dot nor a space."

    public let description: String

    /// Returns `nil` when `text` is not a valid name.
    public init?(_ text: String) {
        let composed = text.precomposedStringWithCanonicalMapping
        guard (1...Self.maximumLength).contains(composed.count), composed.utf8.count <= Self.maximumBytes,
            composed.unicodeScalars.allSatisfy(Self.isAllowed), composed.first != ".", composed.first != " ",
            composed.last != " "
        else { return nil }
        description = composed
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
            .nonspacingMark, .spacingMark:
            true
        default: " -_.,+&'()!#".unicodeScalars.contains(scalar)
        }
    }
}

extension ShowName: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let name = Self(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a show's name")
        }
        self = name
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
