import Foundation
import MQTTSession

/// Where a server listens, and what it tells others to reach it at.
public struct ListenAddress: Sendable {
    let listen: String
    let advertised: String
    /// The one address that this server can be reached at; `nil`: any of its machine's.
    let only: String?
    /// Nobody else can reach it.
    var isLoopback: Bool { Self.isLoopback(listen) }

    /// Without keys a server listens on loopback only, unless the operator says that the network may be trusted.
    init(_ options: ServerOptions) throws(ServerError) {
        let family: Int32
        (listen, family) = try Self.allowed(options.listen, options)
        let isAny = Self.isAny(listen)
        only = options.advertise ?? (isAny ? nil : listen)
        advertised = options.advertise ?? (isAny ? Self.firstNonLoopback(family) ?? "127.0.0.1" : listen)
    }

    /// Where the HTTP server listens, by the same rule; its port was tried.
    static func http(_ options: ServerOptions) throws(ServerError) -> (address: String, port: UInt16)? {
        guard let http = options.http else { return nil }
        let address = try allowed(http.address, options).address
        try check(address, port: http.port)
        return (address, http.port)
    }

    /// What others reach an HTTP server at that listens there.
    func url(ofHTTP http: (address: String, port: UInt16), hasKeys: Bool) -> String {
        let host = Self.isAny(http.address) ? advertised : http.address
        return "\(hasKeys ? "https" : "http")://\(Endpoint.tcp(host: host, port: http.port))"
    }

    private static func isAny(_ address: String) -> Bool { address == "0.0.0.0" || address == "::" }

    private static func allowed(
        _ given: String?, _ options: ServerOptions
    ) throws(ServerError) -> (address: String, family: Int32) {
        let mayBeReached = options.keys != nil || options.isInsecure
        let address = given ?? (mayBeReached ? "0.0.0.0" : "127.0.0.1")
        guard let family = family(of: address) else { throw .invalidAddress(address) }
        guard mayBeReached || isLoopback(address) else { throw .notLoopback(address: address) }
        return (address, family)
    }

    func check(port: UInt16) throws(ServerError) { try Self.check(listen, port: port) }

    /// Tries the port, so that what is wrong can be said before anything is started.
    public static func check(_ listen: String, port: UInt16) throws(ServerError) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICHOST
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(listen, String(port), &hints, &list) == 0, let address = list?.pointee else {
            throw .invalidAddress(listen)
        }
        defer { freeaddrinfo(list) }
        let descriptor = socket(address.ai_family, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout.size(ofValue: yes)))
        guard bind(descriptor, address.ai_addr, address.ai_addrlen) == 0, Glibc.listen(descriptor, 1) == 0 else {
            switch errno {
            case EADDRINUSE: throw .portInUse(port: port, holder: .find(port: port))
            case EADDRNOTAVAIL: throw .invalidAddress(listen)
            default: throw .cannotListen(address: listen, port: port, cause: String(cString: strerror(errno)))
            }
        }
    }

    private static func family(of address: String) -> Int32? {
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, address, &four) == 1 { return AF_INET }
        return inet_pton(AF_INET6, address, &six) == 1 ? AF_INET6 : nil
    }

    /// Nobody else can reach this IP address.
    public static func isLoopback(_ address: String) -> Bool { address.hasPrefix("127.") || address == "::1" }

    private static func firstNonLoopback(_ family: Int32) -> String? {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return nil }
        defer { freeifaddrs(list) }
        for entry in sequence(first: list, next: { $0?.pointee.ifa_next }) {
            guard let entry = entry?.pointee, let address = entry.ifa_addr, entry.ifa_flags & UInt32(IFF_LOOPBACK) == 0,
                Int32(address.pointee.sa_family) == family
            else { continue }
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let size = family == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
            guard getnameinfo(address, socklen_t(size), &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
            else {
                continue
            }
            return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
        return nil
    }
}
