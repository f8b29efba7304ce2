/// What a JSON Web Token looks like in its compact form (RFC 7515, 7.1), before anything is made of it.
public enum SignedToken {
    /// Whether it has only characters of base64url, and the periods between its parts.
    public static func isOne(_ text: String, longest: Int) -> Bool {
        text.utf8.count <= longest
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}
