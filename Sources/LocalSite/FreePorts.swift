import Glibc

/// Ports of loopback that nobody listens on at this moment.
public enum FreePorts {
    /// - Parameter preferred: taken first where it is free.
    public static func take(_ count: Int, preferring preferred: UInt16? = nil) -> [UInt16] {
        var sockets: [Int32] = []
        var ports: [UInt16] = []
        // All stay open until the last one is found, so that no port is found twice.
        defer { for socket in sockets { close(socket) } }
        if let preferred, let (socket, port) = bindLoopback(preferred) {
            sockets.append(socket)
            ports.append(port)
        }
        while ports.count < count, let (socket, port) = bindLoopback(0) {
            sockets.append(socket)
            ports.append(port)
        }
        return ports
    }

    fileprivate static func bindLoopback(_ port: UInt16) -> (socket: Int32, port: UInt16)? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        // As a broker does: a port that only old connections still hold is free.
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout.size(ofValue: yes)))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout.size(ofValue: address))
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard isBound else {
            close(descriptor)
            return nil
        }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }
}

/// A port of loopback that is given to nobody else as long as this lives, also before its program listens there and between
/// two runs of it. The program must set `SO_REUSEADDR`, as ours do.
final class HeldPort: Sendable {
    let port: UInt16
    private let socket: Int32

    /// Returns `nil` where no port is left.
    init?() {
        guard let (socket, port) = FreePorts.bindLoopback(0) else { return nil }
        (self.socket, self.port) = (socket, port)
    }

    deinit { close(socket) }
}
