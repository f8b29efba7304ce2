import AssetProtocol
import CLinux
import Foundation
import Glibc

/// What lies in a working folder.
struct FolderScan {
    private(set) var files: [StoragePath: FileStamp] = [:]
    /// Symbolic links, and what is neither a file nor a folder, such as a pipe.
    private(set) var leftOut = 0
    /// Why a file or a folder cannot be pushed, a sentence each.
    private(set) var faults: [(name: String, reason: String)] = []

    /// Folders and files of which it is not known what they hold: they cannot be read, or something else is in their place.
    private var uncertain: Set<String> = []

    private let selection: FileSelection

    /// Reads the names of all folders on the way and below, and no file's content. May wait for the disk.
    ///
    /// - Throws: `SystemError`.
    init(_ tree: FileTree, _ selection: FileSelection) throws {
        self.selection = selection
        try walk(try OpenDescriptor(".", O_RDONLY | O_DIRECTORY, in: tree.root.number), prefix: "")
    }

    private mutating func walk(_ folder: OpenDescriptor, prefix: String) throws {
        for name in try Self.names(in: folder) {
            guard name != Self.bytes(".") && name != Self.bytes("..") && name != Self.bytes(WorkingFolder.stateName)
            else {
                continue
            }
            do {
                try look(at: name, in: folder, prefix: prefix)
            } catch let error as SystemError {
                // What is gone again was not meant.
                guard !error.isMissing else { continue }
                let path = prefix + String(decoding: name, as: UTF8.self)
                faults.append((path, "it cannot be read: \(error)."))
                uncertain.insert(path)
            }
        }
    }

    private mutating func look(at name: [UInt8], in folder: OpenDescriptor, prefix: String) throws {
        let text = String(decoding: name, as: UTF8.self)
        let path: StoragePath
        do {
            path = try StoragePath(decoding: Array(prefix.utf8) + name)
            guard Self.bytes(path.description) == Self.bytes(prefix) + name else {
                throw AssetClientError.unusableName(
                    "its name is written with parted accents (Unicode NFD), as on an old Mac. Rename it.")
            }
        } catch {
            if selection.mayHold(prefix) { faults.append((prefix + text, "\(error)")) }
            uncertain.insert((prefix + text).precomposedStringWithCanonicalMapping)
            return
        }
        guard selection.contains(path) || selection.leadsThrough(path) else { return }
        var status = stat()
        try check(fstatat(folder.number, text, &status, AT_SYMLINK_NOFOLLOW))
        switch status.kind {
        case S_IFREG:
            if selection.contains(path) { files[path] = FileStamp(status) }
        case S_IFDIR:
            let below = try OpenDescriptor(text, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, in: folder.number)
            try walk(below, prefix: "\(path)/")
        default:
            leftOut += 1
            uncertain.insert(path.description)
        }
    }

    /// Whether this file was seen, or is seen to be gone.
    func isCertain(of path: StoragePath) -> Bool {
        !uncertain.contains(path.description) && !path.folders.contains { uncertain.contains($0.description) }
    }

    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private static func names(in folder: OpenDescriptor) throws -> [[UInt8]] {
        // The stream closes what it is given.
        let copy = try check(fcntl(folder.number, F_DUPFD_CLOEXEC, 0))
        guard let stream = fdopendir(copy) else {
            close(copy)
            throw SystemError.last
        }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else { break }
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                    tuple.withMemoryRebound(to: UInt8.self, capacity: 256) { name in
                        Array(
                            UnsafeBufferPointer(
                                start: name,
                                count: strnlen(UnsafeRawPointer(name).assumingMemoryBound(to: CChar.self), 255)))
                    }
                })
        }
        // Half a list would look like files that were removed.
        guard errno == 0 else { throw SystemError.last }
        return names
    }
}
