import Foundation

/// How programs get what people look at.
public enum JSONDocument {
    /// One JSON object on one line, in UTF-8, with its keys in alphabetical order.
    public static func encode(_ document: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(document))
    }
}
