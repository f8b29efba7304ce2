extension Endpoint {
    /// A hub's port where none is named.
    public static let defaultPort: UInt16 = 1883

    /// `ADDR[:PORT]`: a host name or an IP address (IPv6 with a port in brackets), and a port that may be left out.
    /// Returns `nil` for anything else.
    public init?(_ text: String, defaultPort: UInt16 = Self.defaultPort) {
        let host: Substring
        let port: Substring?
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<close]
            let rest = text[text.index(after: close)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if text.count(where: { $0 == ":" }) == 1, let colon = text.firstIndex(of: ":") {
            (host, port) = (text[..<colon], text[text.index(after: colon)...])
        } else {
            (host, port) = (text[...], nil)
        }
        guard Self.isHost(String(host)) else { return nil }
        guard let number = port.map({ UInt16($0) }) ?? defaultPort, number > 0 else { return nil }
        self = .tcp(host: String(host), port: number)
    }

    /// A host name or an IP address, as far as its characters tell.
    public static func isHost(_ text: String) -> Bool {
        (1...253).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
    }
}
