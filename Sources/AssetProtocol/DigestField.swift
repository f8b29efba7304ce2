import Foundation

/// A content's digest in an HTTP field, as in `Repr-Digest: sha-256=:BASE64:` or `crc32c=:BASE64:`
/// (https://www.rfc-editor.org/rfc/rfc9530#section-3).
public enum DigestField {
    public static let name = "Repr-Digest"

    public static func text(_ digest: ContentDigest) -> String {
        "sha-256=:\(Data(digest.bytes).base64EncodedString()):"
    }

    /// - Parameter checksum: a CRC-32C.
    public static func text(checksum: UInt32) -> String {
        let bytes = withUnsafeBytes(of: checksum.bigEndian) { Data($0) }
        return "crc32c=:\(bytes.base64EncodedString()):"
    }

    /// The SHA-256 among the digests that a field names; `nil` where it names none that makes sense.
    public static func digest(in text: String) -> ContentDigest? {
        bytes(of: "sha-256", in: text, count: 32).map { ContentDigest(bytes: $0) }
    }

    /// The CRC-32C, likewise.
    public static func checksum(in text: String) -> UInt32? {
        bytes(of: "crc32c", in: text, count: 4).map { $0.reduce(0) { $0 << 8 | UInt32($1) } }
    }

    private static func bytes(of algorithm: String, in text: String, count: Int) -> Data? {
        for member in text.split(separator: ",") {
            let member = member.drop { $0 == " " }
            guard let equals = member.firstIndex(of: "="), member[..<equals].lowercased() == algorithm else { continue }
            let value = member[member.index(after: equals)...].prefix { $0 != ";" && $0 != " " }
            guard value.count > 2, value.first == ":", value.last == ":",
                let bytes = Data(base64Encoded: String(value.dropFirst().dropLast())), bytes.count == count
            else { return nil }
            return bytes
        }
        return nil
    }
}
