import FailoverCore
internal import X509

/// A revocation ends what was issued until a moment. A certificate's own begin is earlier than that, since the clocks of
/// machines differ, and so its serial number carries the time of issue: 16 bytes, the first 8 of them milliseconds since
/// 1970, the others random.
extension Certificate.SerialNumber {
    init(issued: Timestamp) {
        // Zeros at its begin are not stored, and a time that is all zeros would be missing.
        let time = UInt64(max(1, issued.millisecondsSince1970))
        self.init(bytes: time.bigEndianBytes + UInt64.random(in: 0 ... .max).bigEndianBytes)
    }

    /// `nil`: this serial number carries no time.
    var issued: Timestamp? {
        guard (9...16).contains(bytes.count) else { return nil }
        let time = bytes.dropLast(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard time < latest else { return nil }
        return Timestamp(millisecondsSince1970: Int64(time))
    }
}

/// The end of the year 9999, in milliseconds since 1970.
private let latest: UInt64 = 253_402_300_800_000

extension UInt64 {
    fileprivate var bigEndianBytes: [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: self >> (56 - 8 * $0)) } }
}
