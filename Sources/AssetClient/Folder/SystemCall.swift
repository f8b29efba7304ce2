import CLinux
import Glibc

/// Why a system call failed.
struct SystemError: Error, Hashable, CustomStringConvertible {
    var code: CInt

    static var last: SystemError { SystemError(code: errno) }

    var description: String { String(cString: strerror(code)) }
    var isMissing: Bool { code == ENOENT || code == ENOTDIR }
}

/// - Returns: what the call returned, unless it failed.
@discardableResult
func check(_ result: CInt) throws(SystemError) -> CInt {
    guard result >= 0 else { throw .last }
    return result
}

/// An open file or folder, closed with this object.
final class OpenDescriptor: Sendable {
    let number: CInt

    init(_ number: CInt) { self.number = number }

    deinit { close(number) }

    /// - Parameter folder: what `path` is relative to; its last component is not followed where it is a symbolic link.
    convenience init(
        _ path: String, _ flags: CInt, in folder: CInt = AT_FDCWD, mode: mode_t = 0o666
    ) throws(SystemError) {
        self.init(try check(openat(folder, path, flags | O_CLOEXEC, mode)))
    }

    func status() throws(SystemError) -> stat {
        var status = stat()
        try check(fstat(number, &status))
        return status
    }

    /// Reads up to `buffer.count` bytes, fewer only at the end of the file.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        var count = 0
        while count < buffer.count {
            let part = pread(
                number, buffer.baseAddress! + count, buffer.count - count, off_t(offset + count))
            if part < 0, errno == EINTR { continue }
            guard part >= 0 else { throw .last }
            if part == 0 { break }
            count += part
        }
        return count
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        var count = 0
        while count < bytes.count {
            let part = Glibc.write(number, bytes.baseAddress! + count, bytes.count - count)
            if part < 0, errno == EINTR { continue }
            guard part >= 0 else { throw .last }
            count += part
        }
    }

    func cut(to size: Int) throws(SystemError) {
        try check(ftruncate(number, off_t(size)))
        guard lseek(number, off_t(size), SEEK_SET) >= 0 else { throw .last }
    }

    func sync() throws(SystemError) { try check(fsync(number)) }
}

extension FileStamp {
    init(_ status: stat) {
        self.init(
            size: Int(status.st_size), inode: UInt64(status.st_ino), modified: Self.nanoseconds(status.st_mtim),
            changed: Self.nanoseconds(status.st_ctim))
    }

    /// In nanoseconds since 1970.
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return nanoseconds(time)
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

extension stat {
    var kind: mode_t { st_mode & S_IFMT }
}
