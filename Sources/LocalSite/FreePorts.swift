import Glibc
import Synchronization

/// Ports of loopback that nobody listens on at this moment.
public enum FreePorts {
    /// The ones that were taken last, held: else another connection may take one before its program listens there.
    private static let held = Mutex<[HeldPort]>([])
    /// Of each a socket; what is older has long been listened on.
    private static let mostHeld = 256

    /// Nobody else is given them for as long as this program lives, but for a program that sets `SO_REUSEADDR` and listens there,
    /// as ours do.
    ///
    /// - Parameter preferred: taken first where it is free.
    public static func take(_ count: Int, preferring preferred: UInt16? = nil) -> [UInt16] {
        var taken = [preferred.flatMap { HeldPort($0) }].compactMap { $0 }
        while taken.count < count, let port = HeldPort() { taken.append(port) }
        held.withLock { $0 = ($0 + taken).suffix(mostHeld) }
        return taken.map(\.port)
    }

    fileprivate static func bindLoopback(_ port: UInt16) -> (socket: Int32, port: UInt16)? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
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

    /// Returns `nil` where that port is not free; with 0, where none is left.
    init?(_ wanted: UInt16 = 0) {
        guard let (socket, port) = FreePorts.bindLoopback(wanted) else { return nil }
        (self.socket, self.port) = (socket, port)
    }

    deinit { close(socket) }
}
