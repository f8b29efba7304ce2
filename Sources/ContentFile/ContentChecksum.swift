import CISAL

/// The CRC-32C of a content (https://www.rfc-editor.org/rfc/rfc3720#section-12.1): finds what went wrong on the way by accident, for
/// a thirtieth of what a SHA-256 costs. Against intent it is nothing; there is TLS for that.
public struct ContentChecksum: Hashable, Sendable {
    public private(set) var value: UInt32

    public init(_ value: UInt32 = 0) { self.value = value }

    public mutating func add(_ bytes: UnsafeRawBufferPointer) {
        // The library does not change them, though it does not say so.
        let start = UnsafeMutablePointer(mutating: bytes.assumingMemoryBound(to: UInt8.self).baseAddress)
        value = ~crc32_iscsi(start, CInt(bytes.count), ~value)
    }
}
