internal import SwiftASN1
internal import X509

extension Certificate {
    /// Reads a certificate as strictly as OpenSSL does, which machines use between each other: a key that was damaged is
    /// refused here, and not only by the others.
    ///
    /// - Throws: whatever is wrong with its encoding.
    init(whole der: [UInt8]) throws {
        try self.init(derEncoded: der)
        // X509 overlooks bits at the end of a signature that are marked as unused; a proper one has none.
        let unusedBits = try DER.sequence(DER.parse(der), identifier: .sequence) { parts in
            // What is signed, and the algorithm.
            for _ in 0..<2 { _ = parts.next() }
            return try ASN1BitString(derEncoded: &parts).paddingBits
        }
        guard unusedBits == 0 else {
            throw ASN1Error.invalidASN1Object(reason: "the signature has unused bits")
        }
    }
}
