import Foundation
import SystemPackage

/// Small files that an operator names: keys and licences.
public enum NamedFile {
    /// What is wrong; whoever knows what the file is for makes a sentence of it.
    public enum Fault: Error, Hashable {
        case unreadable(cause: String)
        case tooLong
        case notText
        case exists
        case unwritable(cause: String)
    }

    public struct Content: Sendable {
        public var text: String
        /// The group's members or everybody.
        public var isReadableByOthers: Bool
    }

    /// - Parameter longest: in bytes; what is longer is not read.
    /// - Throws: `Fault.unreadable`, `.tooLong` or `.notText`.
    public static func read(_ path: String, longest: Int) throws(Fault) -> Content {
        var bytes: [UInt8] = []
        var isReadableByOthers = false
        do {
            let file = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
            try file.closeAfter {
                isReadableByOthers = try status(of: file).st_mode & 0o044 != 0
                while bytes.count <= longest {
                    let part = try [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
                        count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
                    }
                    guard !part.isEmpty else { break }
                    bytes += part
                }
            }
        } catch {
            throw .unreadable(cause: "\(error)")
        }
        guard bytes.count <= longest else { throw .tooLong }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notText }
        return Content(text: text, isReadableByOthers: isReadableByOthers)
    }

    /// Never overwrites: a file is there as a whole and on disk, or as it was.
    ///
    /// - Parameter isSecret: only its owner may read it.
    /// - Throws: `Fault.exists` or `.unwritable`.
    public static func create(_ path: String, _ content: some Sequence<UInt8>, isSecret: Bool) throws(Fault) {
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(
                FilePath(path), .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: isSecret ? .ownerReadWrite : [.ownerReadWrite, .groupRead, .otherRead])
        } catch Errno.fileExists {
            throw .exists
        } catch {
            throw .unwritable(cause: "\(error)")
        }
        do {
            try file.closeAfter {
                _ = try file.writeAll(content)
                try sync(file)
            }
        } catch {
            remove(path)
            throw .unwritable(cause: "\(error)")
        }
    }

    /// Puts a new secret content in the place of the old one, at one moment: readers see the one or the other, also after a
    /// loss of power. Its owner stays the same, for the program that reads it may run as another user than this one.
    ///
    /// - Throws: `Fault.unwritable`.
    public static func replace(_ path: String, _ content: some Sequence<UInt8>) throws(Fault) {
        // Where a link leads, so that it stays one.
        let target = URL(filePath: path).resolvingSymlinksInPath().path(percentEncoded: false)
        let temporary = "\(target).\(UInt32.random(in: 0 ... .max)).new"
        try create(temporary, content, isSecret: true)
        do {
            try keepOwner(of: target, for: temporary)
            try check(rename(temporary, target))
            let folder = try FileDescriptor.open(
                FilePath(target).removingLastComponent().orCurrent, .readOnly, options: .closeOnExec)
            try folder.closeAfter { try sync(folder) }
        } catch {
            remove(temporary)
            throw .unwritable(cause: "\(error)")
        }
    }

    public static func remove(_ path: String) { unlink(path) }

    // MARK: - System calls

    private static func keepOwner(of path: String, for new: String) throws {
        var old = stat()
        guard stat(path, &old) == 0, old.st_uid != geteuid() || old.st_gid != getegid() else { return }
        try check(chown(new, old.st_uid, old.st_gid))
    }

    private static func status(of file: FileDescriptor) throws -> stat {
        var status = stat()
        try check(fstat(file.rawValue, &status))
        return status
    }

    private static func sync(_ file: FileDescriptor) throws { try check(fsync(file.rawValue)) }

    private static func check(_ result: CInt) throws {
        guard result == 0 else { throw Errno(rawValue: errno) }
    }
}

extension FilePath {
    /// A bare file name lies in the current folder.
    fileprivate var orCurrent: FilePath { isEmpty ? "." : self }
}
