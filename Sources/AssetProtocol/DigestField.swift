import Foundation

/// A content's digest in an HTTP field, as in `Repr-Digest: sha-256=:BASE64:`
/// (https://www.rfc-editor.org/rfc/rfc9530#section-3).
public enum DigestField {
    public static let name = "Repr-Digest"

    public static func text(_ digest: ContentDigest) -> String {
        "sha-256=:\(Data(digest.bytes).base64EncodedString()):"
    }

    /// The SHA-256 among the digests that a field names; `nil` where it names none that makes sense.
    public static func digest(in text: String) -> ContentDigest? {
        for member in text.split(separator: ",") {
            let member = member.drop { $0 == " " }
            guard let equals = member.firstIndex(of: "="), member[..<equals].lowercased() == "sha-256" else { continue }
            let value = member[member.index(after: equals)...].prefix { $0 != ";" && $0 != " " }
            guard value.count > 2, value.first == ":", value.last == ":",
                let bytes = Data(base64Encoded: String(value.dropFirst().dropLast())), bytes.count == 32
            else { return nil }
            return ContentDigest(bytes: bytes)
        }
        return nil
    }
}
