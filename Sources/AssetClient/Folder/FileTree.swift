import AssetProtocol
import CLinux
import Glibc

/// The files below one folder. No way through it leads out of that folder: symbolic links are followed nowhere, whoever made
/// them and whenever.
final class FileTree: Sendable {
    let root: OpenDescriptor

    init(root: OpenDescriptor) { self.root = root }

    /// - Throws: `SystemError`; `isMissing` where there is no such file.
    func open(_ path: StoragePath) throws -> OpenDescriptor {
        let (folder, name) = try parent(of: path, makesFolders: false)
        // Opening a pipe would wait for its writer.
        return try OpenDescriptor(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, in: folder.number)
    }

    /// Returns `nil` where there is no file that can be read: also for a folder or a symbolic link.
    func stamp(_ path: StoragePath) throws -> FileStamp? {
        guard let status = try status(path), status.kind == S_IFREG else { return nil }
        return FileStamp(status)
    }

    /// Returns `nil` where there is nothing of this name.
    func status(_ path: StoragePath) throws -> stat? {
        do {
            let (folder, name) = try parent(of: path, makesFolders: false)
            var status = stat()
            try check(fstatat(folder.number, name, &status, AT_SYMLINK_NOFOLLOW))
            return status
        } catch let error as SystemError where error.isMissing || error.code == ELOOP {
            return nil
        }
    }

    /// Moves a file here, in the place of the one that is there, and makes the folders on the way.
    ///
    /// - Returns: its stamp, and the folder, for a later sync.
    func place(_ name: String, from source: OpenDescriptor, at path: StoragePath) throws -> (FileStamp, OpenDescriptor)
    {
        let (folder, target) = try parent(of: path, makesFolders: true)
        try check(renameat(source.number, name, folder.number, target))
        var status = stat()
        try check(fstatat(folder.number, target, &status, AT_SYMLINK_NOFOLLOW))
        return (FileStamp(status), folder)
    }

    /// Removes a file, and the folders that are empty then.
    func remove(_ path: StoragePath) throws {
        do {
            let (folder, name) = try parent(of: path, makesFolders: false)
            try check(unlinkat(folder.number, name, 0))
        } catch let error as SystemError where error.isMissing {}
        for folder in path.folders.reversed() {
            guard let (parent, name) = try? parent(of: folder, makesFolders: false),
                unlinkat(parent.number, name, AT_REMOVEDIR) == 0
            else { return }
        }
    }

    /// The folder that a file lies in, and the file's own name.
    private func parent(of path: StoragePath, makesFolders: Bool) throws -> (OpenDescriptor, String) {
        var components = path.description.split(separator: "/").map(String.init)
        let name = components.removeLast()
        var folder = root
        for (index, component) in components.enumerated() {
            if makesFolders, mkdirat(folder.number, component, 0o777) != 0, errno != EEXIST { throw SystemError.last }
            let below = openat(folder.number, component, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            if below < 0, makesFolders, errno == ENOTDIR || errno == ELOOP {
                throw AssetClientError.inTheWay(path, other: components[...index].joined(separator: "/"))
            }
            folder = OpenDescriptor(try check(below))
        }
        return (folder, name)
    }
}
