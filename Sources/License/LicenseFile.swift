import Foundation
import SystemPackage

/// The small text files of this library.
enum LicenseFile {
    /// Of a key or a licence, in bytes; what is longer is neither.
    private static let longest = 16 * 1024

    static func read(_ path: String) throws(LicenseError) -> String {
        var bytes: [UInt8] = []
        do {
            let file = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
            try file.closeAfter {
                while bytes.count <= longest {
                    let part = try [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
                        count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
                    }
                    guard !part.isEmpty else { break }
                    bytes += part
                }
            }
        } catch {
            throw .unreadable(path: path, cause: "\(error)")
        }
        guard bytes.count <= longest, let text = String(validating: bytes, as: UTF8.self) else {
            throw .unreadable(path: path, cause: "it is neither a licence nor a key")
        }
        return text
    }

    /// Never overwrites: a file is there as a whole, or as it was.
    static func create(_ path: String, _ text: String, permissions: FilePermissions) throws(LicenseError) {
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(
                FilePath(path), .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec], permissions: permissions
            )
        } catch Errno.fileExists {
            throw .exists(path: path)
        } catch {
            throw .unwritable(path: path, cause: "\(error)")
        }
        do {
            try file.closeAfter { _ = try file.writeAll(text.utf8) }
        } catch {
            remove(path)
            throw .unwritable(path: path, cause: "\(error)")
        }
    }

    static func remove(_ path: String) { unlink(path) }
}

extension FilePermissions {
    static let ownerReads: Self = .ownerReadWrite
    static let everybodyReads: Self = [.ownerReadWrite, .groupRead, .otherRead]
}
