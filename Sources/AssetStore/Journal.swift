import Foundation
import SystemPackage

/// The truth about which versions there are: a file to which lines are only ever added.
///
/// It is written anew, beside the old one, when most of what it tells is no longer kept.
struct Journal {
    static let format = 1
    static let name = "journal"
    private static let newName = "journal.new"

    let folder: String
    private(set) var identity: String
    /// Where the next line begins, in bytes.
    private(set) var end: Int
    private var file: FileDescriptor

    private var path: String { "\(folder)/\(Self.name)" }

    static func exists(in folder: String) throws(AssetStoreError) -> Bool {
        let path = "\(folder)/\(name)"
        do {
            try FileDescriptor.open(path, .readOnly, options: .closeOnExec).close()
            return true
        } catch Errno.noSuchFileOrDirectory {
            return false
        } catch {
            throw .unreadable(path: path, cause: "\(error)")
        }
    }

    /// A new one, on disk when this returns.
    static func create(in folder: String, keep: Int) throws(AssetStoreError) {
        var journal = try write(in: folder) { (write: (JournalLine) throws -> Void) in try write(.keeps(newest: keep)) }
        journal.close()
        do { try Disk.syncFolder(folder) } catch { throw .writing(folder, error) }
    }

    /// Opens the one that is there. What lies behind its first line is not looked at until `read`.
    init(in folder: String) throws(AssetStoreError) {
        self.folder = folder
        let path = "\(folder)/\(Self.name)"
        do {
            // Where a crash came between the old one and a new one.
            try Disk.remove("\(folder)/\(Self.newName)")
            file = try FileDescriptor.open(path, .readWrite, options: .closeOnExec)
        } catch {
            throw .writing(path, error)
        }
        (identity, end) = ("", 0)
        var first: JournalLine?
        do {
            end = try read(from: 0) { line, _ in
                first = line
                return false
            }
        } catch {
            throw .writing(path, error)
        }
        guard case .begins(let format, let identity)? = first else { throw .journalDamaged(path: path, byte: 0) }
        guard format <= Self.format else { throw .newer(path: path) }
        self.identity = identity
    }

    mutating func close() { try? file.close() }

    /// Whether this byte is the first of a line, or the end.
    func hasLine(at byte: Int) throws(AssetStoreError) -> Bool {
        var last: UInt8 = 0
        do {
            let count = try withUnsafeMutableBytes(of: &last) {
                try file.read(fromAbsoluteOffset: Int64(byte - 1), into: $0)
            }
            return count == 1 && last == UInt8(ascii: "\n")
        } catch {
            throw .unreadable(path: path, cause: "\(error)")
        }
    }

    /// Reads whole lines until `body` returns false.
    ///
    /// - Parameter body: gets the line and where it ends.
    /// - Returns: where the last whole line ends: what lies behind was torn by a crash or a power loss, and nobody was told
    ///   that it was accepted.
    func read(from start: Int, _ body: (JournalLine, _ end: Int) throws -> Bool) throws -> Int {
        struct Enough: Error {}
        let decoder = JSONDecoder()
        var rest: [UInt8] = []
        var position = start
        do {
            let size = try Disk.size(of: file)
            try Disk.read(file, from: start, chunk: 1 << 16) { bytes in
                rest += bytes
                var begin = 0
                while let newline = rest[begin...].firstIndex(of: UInt8(ascii: "\n")) {
                    let end = position + newline - begin + 1
                    guard let line = try? decoder.decode(JournalLine.self, from: Data(rest[begin..<newline])) else {
                        guard end == size else { throw AssetStoreError.journalDamaged(path: path, byte: position) }
                        throw Enough()
                    }
                    begin = newline + 1
                    position = end
                    guard try body(line, end) else { throw Enough() }
                }
                rest.removeFirst(begin)
            }
        } catch is Enough {
        } catch let error as Errno {
            throw AssetStoreError.unreadable(path: path, cause: "\(error)")
        }
        return position
    }

    /// Adds a line. Where that fails, the journal is as before.
    mutating func append(_ line: JournalLine) throws(AssetStoreError) {
        do {
            let bytes = try Self.encoded(line)
            try file.writeAll(toAbsoluteOffset: Int64(end), bytes)
            end += bytes.count
        } catch {
            try? Disk.cut(file, to: end)
            throw .writing(path, error)
        }
    }

    func sync() throws(AssetStoreError) {
        do { try Disk.sync(file) } catch { throw .writing(path, error) }
    }

    /// Takes back what lies behind, on disk too.
    mutating func cut(to byte: Int) throws(AssetStoreError) {
        do { try Disk.cut(file, to: byte) } catch { throw .writing(path, error) }
        end = byte
        try sync()
    }

    // MARK: - Compaction

    /// Leaves out what is no longer kept. Where it fails, the old one stays, or the new one is in its place already, which the
    /// identity tells.
    ///
    /// It reads the journal itself and not the index: what the index lost must not be lost here.
    mutating func compact() throws {
        var retention = Retention()
        _ = try read(from: 0) { line, _ in
            retention.follow(line)
            return true
        }
        let compacted = try Self.write(in: folder) { (write: (JournalLine) throws -> Void) in
            try write(.keeps(newest: retention.keep))
            _ = try read(from: 0) { line, _ in
                guard case .accepts(let versions) = line else { return true }
                let kept = versions.filter(retention.isKept)
                if !kept.isEmpty { try write(.accepts(versions: kept)) }
                return true
            }
        }
        close()
        self = compacted
        do { try Disk.syncFolder(folder) } catch { throw AssetStoreError.writing(path, error) }
    }

    /// Writes a whole journal beside the one that is there, if any, and puts it in its place, which lasts once the folder is
    /// synced.
    private static func write(
        in folder: String, _ body: (_ write: (JournalLine) throws -> Void) throws -> Void
    ) throws(AssetStoreError) -> Journal {
        let new = "\(folder)/\(newName)"
        let identity = UUID().uuidString
        do {
            let file = try FileDescriptor.open(
                new, .readWrite, options: [.create, .truncate, .closeOnExec], permissions: .ownerReadWrite)
            do {
                var (written, waiting) = (0, try encoded(.begins(format: format, identity: identity)))
                try body { line in
                    waiting += try encoded(line)
                    guard waiting.count >= 1 << 16 else { return }
                    written += try file.writeAll(waiting)
                    waiting = []
                }
                written += try file.writeAll(waiting)
                try Disk.sync(file)
                try Disk.rename(new, to: "\(folder)/\(name)")
                return Journal(folder: folder, identity: identity, end: written, file: file)
            } catch {
                try? file.close()
                throw error
            }
        } catch {
            throw .writing(new, error)
        }
    }

    private init(folder: String, identity: String, end: Int, file: FileDescriptor) {
        (self.folder, self.identity, self.end, self.file) = (folder, identity, end, file)
    }

    private static func encoded(_ line: JournalLine) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(line)) + [UInt8(ascii: "\n")]
    }
}
