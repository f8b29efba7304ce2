import Dispatch
import Glibc

/// Where a broker listens.
public enum Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// A host name or IP address, and a port.
    case tcp(host: String, port: UInt16)
    /// The path of a Unix socket.
    case unix(path: String)

    public var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): path
        }
    }

    /// Looks a host name up, off the session loop since the system's look-up blocks.
    ///
    /// Returns the numeric address as text, or `nil` where there is none.
    static func numericAddress(of host: String) async -> String? {
        await withCheckedContinuation { continuation in
            // IPv4 first: `localhost` is often both, and brokers listen on 127.0.0.1.
            DispatchQueue.global().async {
                continuation.resume(returning: lookUp(host, family: AF_INET) ?? lookUp(host))
            }
        }
    }

    /// Whether `host` is an address already, so that no look-up can block.
    static func isNumeric(_ host: String) -> Bool { lookUp(host, flags: AI_NUMERICHOST) != nil }

    private static func lookUp(_ host: String, family: Int32 = AF_UNSPEC, flags: Int32 = 0) -> String? {
        var hints = addrinfo()
        hints.ai_family = family
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = flags
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0, let first = list else { return nil }
        defer { freeaddrinfo(list) }
        return numericAddress(of: first.pointee.ai_addr, size: first.pointee.ai_addrlen)
    }

    static func numericAddress(of address: UnsafePointer<sockaddr>, size: socklen_t) -> String? {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard getnameinfo(address, size, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else { return nil }
        let bytes = text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }
}
