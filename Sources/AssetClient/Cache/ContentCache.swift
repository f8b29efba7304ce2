import AssetProtocol
import CLinux
import Crypto
import Foundation
import Glibc

/// Contents that were fetched on this machine, by their SHA-256, for all folders of the user. Nobody relies on it: what cannot be
/// read, written or believed is fetched from the server.
///
/// Large contents are not copied where the file system cannot share their blocks: it would take as long as fetching them, and as
/// much disk again. The entry is a symbolic link to the fetched file then, and good for as long as that one stays as it is.
public final class ContentCache: Sendable {
    /// In bytes of content.
    public static let defaultLimit = 10 << 30

    private let path: String
    private let limit: Int

    /// - Parameter limit: in bytes; what was not used for the longest time goes first.
    public init(path: String = ContentCache.defaultPath, limit: Int = ContentCache.defaultLimit) {
        self.path = path
        self.limit = limit
    }

    /// `$XDG_CACHE_HOME/understudy/content`, by default in `~/.cache`.
    public static var defaultPath: String {
        let environment = ProcessInfo.processInfo.environment
        let given = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return (given ?? NSHomeDirectory() + "/.cache") + "/understudy/content"
    }

    /// Writes the content into an empty file. May wait for the disk.
    ///
    /// - Returns: whether all of it was there, and is what it should be. If not, the file is empty.
    func take(_ content: FileVersion.Content, into target: OpenDescriptor) -> Bool {
        let entry = entry(content.digest)
        guard let source = try? OpenDescriptor(entry, O_RDONLY | O_NONBLOCK),
            let status = try? source.status(), status.kind == S_IFREG
        else { return false }
        do {
            var hash = SHA256()
            // A clone shares the disk's blocks; what is hashed is what the file then holds.
            let isClone = clone_file(target.number, source.number) == 0
            try (isClone ? target : source).forEachPart(of: content.size) { part in
                hash.update(bufferPointer: part)
                if !isClone { try target.write(part) }
            }
            guard status.st_size == content.size, ContentDigest(bytes: hash.finalize()) == content.digest else {
                throw SystemError(code: EIO)
            }
            // For the choice of what goes first.
            utimensat(AT_FDCWD, entry, nil, AT_SYMLINK_NOFOLLOW)
            return true
        } catch {
            unlink(entry)
            try? target.cut(to: 0)
            return false
        }
    }

    /// Keeps a content, whose digest was checked. May wait for the disk.
    ///
    /// - Parameter path: of the file, absolute.
    func put(_ content: FileVersion.Content, from source: OpenDescriptor, at path: String) {
        let entry = entry(content.digest)
        guard content.size <= limit, access(entry, F_OK) != 0 else { return }
        let temporary = "\(self.path)/new-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        do {
            let folder = (entry as NSString).deletingLastPathComponent
            if access(folder, F_OK) != 0 {
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            }
            try copy(content, from: source, at: path, to: temporary)
            try check(rename(temporary, entry))
        } catch {
            unlink(temporary)
        }
    }

    private func copy(
        _ content: FileVersion.Content, from source: OpenDescriptor, at path: String, to entry: String
    ) throws {
        let target = try OpenDescriptor(entry, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        guard clone_file(target.number, source.number) != 0 else { return }
        guard content.size <= Self.worthCopying else {
            unlink(entry)
            try check(symlink(path, entry))
            return
        }
        var offset = 0
        while offset < content.size {
            let count = copy_file_range(source.number, &offset, target.number, nil, UInt(content.size - offset), 0)
            guard count > 0 else { throw SystemError.last }
        }
    }

    /// Removes what was not used for the longest time until the rest is within the limit, and what a killed program left.
    func trim() {
        var entries: [(path: String, size: Int, used: Int64)] = []
        let files = FileManager.default
        for folder in (try? files.contentsOfDirectory(atPath: path)) ?? [] {
            let isEntries = folder.utf8.count == 2
            for name in isEntries ? (try? files.contentsOfDirectory(atPath: "\(path)/\(folder)")) ?? [] : [""] {
                let file = isEntries ? "\(path)/\(folder)/\(name)" : "\(path)/\(folder)"
                var status = stat()
                guard lstat(file, &status) == 0, [S_IFREG, S_IFLNK].contains(status.kind) else { continue }
                let stamp = FileStamp(status)
                if isEntries {
                    entries.append((file, stamp.size, stamp.modified))
                } else if FileStamp.now - stamp.modified > 86_400 * 1_000_000_000 {
                    unlink(file)
                }
            }
        }
        var size = entries.reduce(0) { $0 + $1.size }
        for entry in entries.sorted(by: { $0.used < $1.used }) where size > limit {
            unlink(entry.path)
            size -= entry.size
        }
    }

    /// In bytes.
    private static let worthCopying = 16 << 20

    private func entry(_ digest: ContentDigest) -> String { "\(path)/\(digest.description.prefix(2))/\(digest)" }
}

extension OpenDescriptor {
    /// Reads the first `size` bytes, part by part.
    ///
    /// - Throws: `SystemError` also where there are fewer.
    func forEachPart(of size: Int, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(max(size, 1), Self.partSize), alignment: 16)
        defer { buffer.deallocate() }
        var offset = 0
        while offset < size {
            let count = try read(
                at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(size - offset)))
            guard count > 0 else { throw SystemError(code: EIO) }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += count
        }
    }

    /// - Parameter size: of the file, in bytes.
    func digest(of size: Int) throws -> ContentDigest {
        var hash = SHA256()
        try forEachPart(of: size) { hash.update(bufferPointer: $0) }
        return ContentDigest(bytes: hash.finalize())
    }

    static let partSize = 1 << 18
}
