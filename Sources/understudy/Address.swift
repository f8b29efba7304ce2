import ArgumentParser
import FailoverCore
import MQTTSession

/// `ADDR[:PORT]`: a host name or an IP address (IPv6 with a port in brackets), and a port that is 1883 by default.
struct Address: ExpressibleByArgument {
    var host: String
    var port: UInt16

    init?(argument: String) {
        guard case .tcp(let host, let port) = Endpoint(argument) else { return nil }
        (self.host, self.port) = (host, port)
    }

    var endpoint: Endpoint { .tcp(host: host, port: port) }
}

/// `ADDR:PORT`, or one of them: where to listen for HTTP.
struct WebAddress: ExpressibleByArgument {
    static let defaultPort: UInt16 = 8080

    /// `nil`: wherever this machine listens anyway.
    var address: String?
    var port: UInt16

    init?(argument: String) {
        let text = argument.hasPrefix(":") ? String(argument.dropFirst()) : argument
        if let port = UInt16(text), port > 0 {
            self.port = port
        } else {
            guard case .tcp(let host, let port) = Endpoint(argument, defaultPort: Self.defaultPort) else { return nil }
            (address, self.port) = (host, port)
        }
    }
}

extension MachineName: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension Role: ExpressibleByArgument {}
