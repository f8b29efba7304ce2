import AssetProtocol
import CLinux
import Foundation
import Glibc

/// A folder whose files are pushed and pulled. Only one program at a time works in it.
public final class WorkingFolder: Sendable {
    /// Where its state lies, in the folder itself. Never pushed.
    public static let stateName = ".understudy"

    /// Absolute, without symbolic links.
    public let path: String
    let tree: FileTree
    let state: FolderState
    /// Where downloads lie until they are whole, named by what they will hold.
    let partial: OpenDescriptor
    /// Locked as long as this object lives.
    private let stateFolder: OpenDescriptor

    /// - Throws: `AssetClientError.noFolder`, `.inUse`, `.stateDamaged` or `.newerState`.
    public init(path: String) throws(AssetClientError) {
        guard let real = Self.realPath(path) else { throw .noFolder(path: path, cause: "\(SystemError.last)") }
        self.path = real
        do {
            let flags = O_RDONLY | O_DIRECTORY
            tree = FileTree(root: try OpenDescriptor(self.path, flags))
            if mkdirat(tree.root.number, Self.stateName, 0o700) != 0, errno != EEXIST { throw SystemError.last }
            stateFolder = try OpenDescriptor(Self.stateName, flags | O_NOFOLLOW, in: tree.root.number)
            guard flock(stateFolder.number, LOCK_EX | LOCK_NB) == 0 else {
                throw errno == EWOULDBLOCK ? AssetClientError.inUse(folder: path) : SystemError.last
            }
            if mkdirat(stateFolder.number, "partial", 0o700) != 0, errno != EEXIST { throw SystemError.last }
            partial = try OpenDescriptor("partial", flags | O_NOFOLLOW, in: stateFolder.number)
        } catch let error as AssetClientError {
            throw error
        } catch {
            throw .noFolder(path: path, cause: "\(error)")
        }
        state = try FolderState(path: "\(self.path)/\(Self.stateName)/state.sqlite", folder: path)
    }

    /// Which files are meant by paths as a user types them, relative to the current folder.
    ///
    /// - Throws: `AssetClientError.outside` or `.unusableName`.
    public func selection(_ paths: [String]) throws(AssetClientError) -> FileSelection {
        var selected: [StoragePath] = []
        for path in paths {
            let absolute = Self.absolute(path)
            if absolute == self.path { return .all }
            let top = self.path == "/" ? "/" : self.path + "/"
            guard absolute.hasPrefix(top) else { throw .outside(path: path, folder: self.path) }
            do { selected.append(try StoragePath(String(absolute.dropFirst(top.count)))) } catch {
                throw .unusableName("\(error)")
            }
        }
        return FileSelection(paths: selected)
    }

    /// - Parameter paths: as they were typed, in the order of the selection.
    /// - Throws: `AssetClientError.noSuchFile` for what is not here, and of which nothing is known either.
    public func check(_ selection: FileSelection, as paths: [String]) throws {
        guard let selected = selection.paths else { return }
        for (path, text) in zip(selected, paths) where try tree.status(path) == nil {
            let isKnown = try state.knownFiles().keys.contains(where: FileSelection(paths: [path]).contains)
            guard isKnown else { throw AssetClientError.noSuchFile(text) }
        }
    }

    /// Without symbolic links in what exists of its folder; its own name may be one.
    private static func absolute(_ path: String) -> String {
        let current = FileManager.default.currentDirectoryPath
        var components: [Substring] = []
        for component in (path.hasPrefix("/") ? path : "\(current)/\(path)").split(separator: "/")
        where component != "." {
            if component == ".." { _ = components.popLast() } else { components.append(component) }
        }
        // The longest beginning that exists, as it is called without links.
        var rest: [Substring] = components.popLast().map { [$0] } ?? []
        var start = realPath("/" + components.joined(separator: "/"))
        while start == nil, let last = components.popLast() {
            rest.insert(last, at: 0)
            start = realPath("/" + components.joined(separator: "/"))
        }
        guard let start, start != "/" else { return "/" + rest.joined(separator: "/") }
        return rest.isEmpty ? start : "\(start)/\(rest.joined(separator: "/"))"
    }

    private static func realPath(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    /// Removes downloads that nobody continued for a week.
    func forgetOldDownloads() {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(Self.stateName)/partial")
        else {
            return
        }
        for name in names {
            var status = stat()
            guard fstatat(partial.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0,
                FileStamp.now - FileStamp(status).modified > 7 * 86_400 * 1_000_000_000
            else { continue }
            unlinkat(partial.number, name, 0)
        }
    }
}
