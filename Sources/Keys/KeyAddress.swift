import Foundation
internal import SwiftASN1
internal import X509

/// One address in a server's certificate.
enum KeyAddress: Hashable, Sendable {
    case name(String)
    /// 4 or 16 bytes.
    case ip([UInt8])

    /// Of the machine itself, in every server's certificate.
    static let loopback: [KeyAddress] = [
        .name("localhost"), .ip([127, 0, 0, 1]), .ip(Array(repeating: 0, count: 15) + [1]),
    ]

    /// Returns `nil` for what is neither an IP address nor a DNS name. Names may hold `_`, as those of machines do.
    init?(_ text: String) {
        if let bytes = Self.bytes(text, AF_INET, 4) ?? Self.bytes(text, AF_INET6, 16) {
            self = .ip(bytes)
            return
        }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        let isLabel = { (label: Substring) in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
        }
        // What ends in a number is an IP address that was mistyped.
        guard text.utf8.count <= 253, labels.allSatisfy(isLabel), let last = labels.last,
            !last.allSatisfy(\.isNumber)
        else { return nil }
        self = .name(text)
    }

    init?(_ name: GeneralName) {
        switch name {
        case .dnsName(let text): self = .name(text)
        case .ipAddress(let bytes) where [4, 16].contains(bytes.bytes.count): self = .ip(Array(bytes.bytes))
        default: return nil
        }
    }

    var general: GeneralName {
        switch self {
        case .name(let text): .dnsName(text)
        case .ip(let bytes): .ipAddress(ASN1OctetString(contentBytes: bytes[...]))
        }
    }

    var text: String {
        switch self {
        case .name(let text): return text
        case .ip(let bytes):
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count))
            return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    private static func bytes(_ text: String, _ family: CInt, _ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return inet_pton(family, text, &bytes) == 1 ? bytes : nil
    }
}
