import Foundation

/// The program that listens on a port of this machine, where the system tells.
public struct PortHolder: Sendable, CustomStringConvertible {
    public let program: String
    public let process: Int32

    public var description: String { "\(program) (process \(process))" }

    /// Debian starts a broker of its own when the package is installed.
    var advice: String? {
        guard program == "mosquitto", isSystemService else { return nil }
        return "That is the system's own broker: sudo systemctl disable --now mosquitto.service"
    }

    private var isSystemService: Bool {
        let groups = try? String(contentsOfFile: "/proc/\(process)/cgroup", encoding: .utf8)
        return groups?.contains("mosquitto.service") ?? false
    }

    /// Looks the listener up in the kernel's tables, then for the process that has that socket open. Sockets of other
    /// users are only visible to root.
    static func find(port: UInt16) -> PortHolder? {
        let inodes = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { listeners(on: port, in: $0) }
        guard !inodes.isEmpty else { return nil }
        let wanted = Set(inodes.map { "socket:[\($0)]" })
        let files = FileManager.default
        for entry in (try? files.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let process = Int32(entry) else { continue }
            let folder = "/proc/\(process)/fd"
            let open = (try? files.contentsOfDirectory(atPath: folder)) ?? []
            let holds = open.contains {
                (try? files.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")).map(wanted.contains) ?? false
            }
            if holds, let name = try? String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8) {
                return PortHolder(program: name.trimmingCharacters(in: .newlines), process: process)
            }
        }
        return nil
    }

    /// proc(5): local address and port in hexadecimal in the second column, state (0A: listening) in the fourth, inode
    /// in the tenth.
    private static func listeners(on port: UInt16, in table: String) -> [Substring] {
        let text = (try? String(contentsOfFile: table, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").dropFirst().compactMap { line in
            let columns = line.split(separator: " ")
            guard columns.count > 9, columns[3] == "0A", let local = columns[1].split(separator: ":").last,
                UInt16(local, radix: 16) == port
            else { return nil }
            return columns[9]
        }
    }
}
