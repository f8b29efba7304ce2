import CLinux
import FailoverCore
import Foundation

/// The folder in which one machine keeps what must outlive it. Only one running process uses it.
public final class DataFolder: Sendable {
    public let path: String
    private let lock: Int32

    /// Creates the folder where it is missing and takes its lock, which ends with this object or the process.
    public init(path: String) throws(LocalStateError) {
        self.path = (URL(filePath: path).path(percentEncoded: false) as NSString).standardizingPath
        do {
            try FileManager.default.createDirectory(
                atPath: self.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .unwritable(path: self.path, cause: error.localizedDescription)
        }
        let lockPath = self.path + "/lock"
        lock = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw .unwritable(path: self.path, cause: systemError()) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw .inUse(path: self.path)
        }
    }

    deinit { close(lock) }

    public func file(_ name: String) -> String { path + "/" + name }

    /// Moves these files, where they are, into a new folder of this one, in this order.
    public func setAside(_ names: [String], into folder: String) throws(LocalStateError) {
        let files = FileManager.default
        let target = file(folder)
        do {
            try files.createDirectory(
                atPath: target, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            for name in names where files.fileExists(atPath: file(name)) {
                try files.moveItem(atPath: file(name), toPath: target + "/" + name)
            }
        } catch {
            throw .unwritable(path: target, cause: error.localizedDescription)
        }
    }

    /// A secret of this machine, made once and kept: part of its client ids, since whoever knows a client id can end
    /// its session and so fire its will.
    public func secret() throws(LocalStateError) -> String {
        let file = DurableFile<String>(path: file("secret.json"))
        if let kept = try file.read() { return kept }
        let made = Identifier.random()
        try file.write(made)
        return made
    }

    /// Where machines keep their state when no folder is named: `/var/lib/understudy` for the system's users, else
    /// below the user's own state folder.
    public static func defaultPath(for name: MachineName) -> String {
        if geteuid() < 1000 { return "/var/lib/understudy" }
        let environment = ProcessInfo.processInfo.environment
        let state = environment["XDG_STATE_HOME"] ?? NSHomeDirectory() + "/.local/state"
        return "\(state)/understudy/\(name)"
    }
}

/// Identifiers that nobody can guess.
public enum Identifier {
    /// 128 random bits from the system, as 32 hexadecimal digits.
    public static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        let digits = String(generator.next() as UInt64, radix: 16)
        let more = String(generator.next() as UInt64, radix: 16)
        return [digits, more].map { String(repeating: "0", count: 16 - $0.count) + $0 }.joined()
    }
}
