import ArgumentParser
import FailoverCore
import MQTTSession

/// `ADDR[:PORT]`: a host name or an IP address (IPv6 with a port in brackets), and a port that is 1883 by default.
struct Address: ExpressibleByArgument {
    static let defaultPort: UInt16 = 1883

    var host: String
    var port: UInt16

    init?(argument: String) {
        let host: Substring
        let port: Substring?
        if argument.hasPrefix("[") {
            guard let close = argument.firstIndex(of: "]") else { return nil }
            host = argument[argument.index(after: argument.startIndex)..<close]
            let rest = argument[argument.index(after: close)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if argument.count(where: { $0 == ":" }) == 1, let colon = argument.firstIndex(of: ":") {
            (host, port) = (argument[..<colon], argument[argument.index(after: colon)...])
        } else {
            (host, port) = (argument[...], nil)
        }
        let isPlain = host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
        guard (1...253).contains(host.utf8.count), isPlain else { return nil }
        guard let number = port.map({ UInt16($0) }) ?? Self.defaultPort, number > 0 else { return nil }
        self.host = String(host)
        self.port = number
    }

    var endpoint: Endpoint { .tcp(host: host, port: port) }
}

extension MachineName: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension Role: ExpressibleByArgument {}
