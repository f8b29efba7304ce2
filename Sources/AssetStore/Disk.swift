import CLinux
import Glibc
import SystemPackage

/// System calls that swift-system leaves out. All of them may wait for the disk.
enum Disk {
    static func sync(_ file: FileDescriptor) throws(Errno) { try check(fsync(file.rawValue)) }

    /// What was made, renamed or removed in the folder lasts from here on.
    static func syncFolder(_ path: String) throws {
        let folder = try FileDescriptor.open(path, .readOnly, options: [.directory, .closeOnExec])
        try folder.closeAfter { try sync(folder) }
    }

    /// In bytes: what may still be written there for files. Of each disk some is left for what must not stop, such as the show:
    /// a twentieth, and half a gigabyte at most.
    static func room(of file: CInt) throws(Errno) -> Int {
        var status = statvfs()
        try check(fstatvfs(file, &status))
        let reserve = min(Int(status.f_blocks) * Int(status.f_frsize) / 20, 512 << 20)
        return Int(status.f_bavail) * Int(status.f_frsize) - reserve
    }

    static func rename(_ old: String, to new: String) throws(Errno) { try check(Glibc.rename(old, new)) }

    /// Whether there was such a file makes no difference.
    static func remove(_ path: String) throws(Errno) {
        do { try check(unlink(path)) } catch Errno.noSuchFileOrDirectory {}
    }

    static func cut(_ file: FileDescriptor, to size: Int) throws(Errno) {
        try check(ftruncate(file.rawValue, off_t(size)))
    }

    /// In bytes.
    static func size(of file: FileDescriptor) throws(Errno) -> Int {
        var status = stat()
        try check(fstat(file.rawValue, &status))
        return Int(status.st_size)
    }

    static func makeFolder(_ path: String) throws(Errno) {
        do { try check(mkdir(path, 0o700)) } catch Errno.fileExists {}
    }

    /// Only one holder at a time, until the descriptor is closed or the process ends.
    static func lock(_ folder: FileDescriptor) throws(Errno) {
        try check(flock(folder.rawValue, LOCK_EX | LOCK_NB))
    }

    static func unlock(_ folder: FileDescriptor) { flock(folder.rawValue, LOCK_UN) }

    /// Calls `body` with up to `chunk` bytes at a time, to the end of the file.
    static func read(_ file: FileDescriptor, from start: Int = 0, chunk: Int, _ body: ([UInt8]) throws -> Void) throws {
        var offset = start
        while true {
            let bytes = try [UInt8](unsafeUninitializedCapacity: chunk) { buffer, count in
                count = try file.read(
                    fromAbsoluteOffset: Int64(offset), into: UnsafeMutableRawBufferPointer(buffer))
            }
            guard !bytes.isEmpty else { return }
            try body(bytes)
            offset += bytes.count
        }
    }

    private static func check(_ result: CInt) throws(Errno) {
        guard result == 0 else { throw Errno(rawValue: errno) }
    }
}
