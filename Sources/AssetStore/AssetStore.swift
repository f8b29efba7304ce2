import AssetProtocol
import Dispatch
import FailoverCore
import Foundation
import SystemPackage

/// A site's files with their versions, in a folder of its own.
///
/// - `content/ab/ab12…`: contents by their SHA-256, each stored once and never changed.
/// - `journal`: every accepted version, one after the other. It alone says which there are.
/// - `index.sqlite`: the kept versions, for looking up. Made from the journal, and made anew when it is damaged.
/// - `uploads/`: what is not yet accepted. Emptied when the store is opened.
///
/// A version that was accepted is on disk. After a crash at any moment, the next opening finds every accepted version whole,
/// and no other.
public final class AssetStore: Sendable {
    public let folder: String
    private let lock: FileDescriptor
    private let acceptor: Acceptor
    private let readers = ContentReaders()
    private let queue = DispatchQueue(label: "asset store reading", attributes: .concurrent)

    /// Opens the store, and makes it where there is none. Reads the disk before it returns.
    ///
    /// - Parameter keep: how many versions of each file are kept, the newest ones, deletions among them; at least 1.
    /// - Throws: `AssetStoreError`: `.inUse`, `.newer`, `.journalDamaged`, `.journalMissing`, `.unreadable`, `.unwritable` or
    ///   `.full`.
    public convenience init(folder: String, keep: Int = 10) throws(AssetStoreError) {
        try self.init(folder: folder, keep: keep, compactionSlack: 1000)
    }

    /// - Parameter compactionSlack: how many dropped versions the journal may tell of in addition to as many as are kept.
    package init(folder: String, keep: Int, compactionSlack: Int) throws(AssetStoreError) {
        precondition(keep >= 1)
        self.folder = folder
        lock = try Self.lock(folder)
        do throws(AssetStoreError) {
            let content = try ContentFolder(in: folder)
            try Self.emptyUploads(of: folder)
            if try !Journal.exists(in: folder) {
                guard try content.isEmpty() else { throw AssetStoreError.journalMissing(folder: folder) }
                try Journal.create(in: folder, keep: keep)
            }
            var journal = try Journal(in: folder)
            let index = try Self.index(of: &journal, keep: keep)
            try content.sweep { digests throws(AssetStoreError) in
                try index.read { database in try AssetIndex.used(among: digests, in: database) }
            }
            acceptor = try Acceptor(
                folder: folder, journal: journal, index: index, content: content, compactionSlack: compactionSlack)
        } catch {
            try? lock.close()
            throw error
        }
    }

    deinit { try? lock.close() }

    /// Ends after what was to be accepted. It can be opened again then.
    public func close() {
        acceptor.close()
        Disk.unlock(lock)
    }

    // MARK: - Changes

    /// A new content for a file that is named when it is complete.
    public func begin() -> Upload {
        Upload(acceptor, path: "\(folder)/\(Self.uploads)/\(UUID().uuidString)")
    }

    /// Deletes a file: its newest version is a deletion from then on, and older ones are kept as with any other change.
    ///
    /// - Parameter gate: as in `Upload.commit`.
    /// - Throws: `AssetStoreError`: `.noSuchFile`, `.conflict`, `.full`, `.unwritable`, `.stopped`; or what `gate` throws.
    @discardableResult
    public func delete(
        _ path: StoragePath, author: MachineName, precondition: Precondition = .none,
        gate: @escaping @Sendable () throws -> Void = {}
    ) async throws -> FileVersion {
        try await acceptor.accept(
            Change(path: path, author: author, content: nil, file: nil, precondition: precondition, gate: gate))
    }

    // MARK: - Looking up

    /// The newest version of a file, which may be its deletion; `nil` where there never was such a file.
    public func newest(of path: StoragePath) async throws(AssetStoreError) -> FileVersion? {
        try await acceptor.currentIndex.read { database in try AssetIndex.newest(of: path, in: database) }
    }

    /// The kept versions of a file, the newest first; none where there never was such a file.
    public func versions(of path: StoragePath) async throws(AssetStoreError) -> [FileVersion] {
        try await acceptor.currentIndex.read { database in try AssetIndex.versions(of: path, in: database) }
    }

    public func list(_ query: ListingQuery = ListingQuery()) async throws(AssetStoreError) -> Listing {
        try await acceptor.currentIndex.read { database in try AssetIndex.list(query, in: database) }
    }

    /// Whether a change would be refused now for its precondition, so that nobody sends a gigabyte for nothing.
    ///
    /// - Throws: `AssetStoreError.conflict`.
    public func check(_ precondition: Precondition, at path: StoragePath) async throws(AssetStoreError) {
        guard precondition != .none else { return }
        try await acceptor.currentIndex.read { database in
            let newest = try AssetIndex.newest(of: path, in: database)
            guard !precondition.holds(for: newest) else { return }
            throw try AssetIndex.conflict(path, precondition, newest, in: database)
        }
    }

    /// Whether a content of so many bytes would find no room now.
    ///
    /// - Throws: `AssetStoreError.full`.
    public func checkRoom(for size: Int) throws(AssetStoreError) {
        do {
            guard try Disk.room(of: lock.rawValue) >= size else { throw Errno.noSpace }
        } catch {
            throw .writing(folder, error)
        }
    }

    /// Opens a content for reading, the newest or that of a particular version.
    ///
    /// - Throws: `AssetStoreError`: `.noSuchFile` also where it was deleted, `.noSuchVersion`, `.contentMissing`,
    ///   `.unreadable`.
    public func open(_ path: StoragePath, version number: Int? = nil) async throws -> OpenFile {
        var missing: FileVersion?
        while true {
            let version = try await find(path, number)
            // It may have been replaced, and dropped, since it was looked up; but not twice.
            if version == missing { throw AssetStoreError.contentMissing(version) }
            let files = try await queue.run { [acceptor] in try acceptor.content.openForReaders(version.content!) }
            if let files { return OpenFile(version, files.0, files.1, readers) }
            missing = version
        }
    }

    private func find(_ path: StoragePath, _ number: Int?) async throws(AssetStoreError) -> FileVersion {
        let found = try await acceptor.currentIndex.read { database in
            guard let number else { return try AssetIndex.newest(of: path, in: database) }
            return try AssetIndex.version(number, of: path, in: database)
        }
        guard let found, !found.isDeletion else {
            throw number.map { .noSuchVersion(path, number: $0) } ?? .noSuchFile(path)
        }
        return found
    }

    // MARK: - Care

    /// Makes the index anew from the journal. Nothing is accepted meanwhile; readers see the old one until then.
    public func rebuild() async throws {
        try await acceptor.rebuildIndex()
    }

    /// Reads the journal and every kept content, and names each version whose content is not what was accepted.
    ///
    /// Pushing such a content again, under any name, repairs it.
    ///
    /// - Throws: `AssetStoreError`: `.journalDamaged`, `.unreadable`; `CancellationError`.
    public func verify() async throws -> [Damage] {
        try await acceptor.verifyJournal()
        var damages: [Damage] = []
        var last: ContentDigest?
        while true {
            let page = try await acceptor.currentIndex.read { [last] database in
                try AssetIndex.contents(after: last, count: 1000, in: database)
            }
            guard !page.isEmpty else { return damages }
            for digest in page {
                try Task.checkCancellation()
                let found = try await queue.run { [acceptor] in try acceptor.content.digest(ofContent: digest) }
                guard found != digest else { continue }
                // Not those that were dropped meanwhile.
                let versions = try await acceptor.currentIndex.read { database in
                    try AssetIndex.versions(withContent: digest, in: database)
                }
                damages += versions.map { Damage(version: $0, isMissing: found == nil) }
            }
            last = page.last
        }
    }

    // MARK: - Opening

    private static let uploads = "uploads"

    private static func lock(_ folder: String) throws(AssetStoreError) -> FileDescriptor {
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .unwritable(path: folder, cause: error.localizedDescription)
        }
        let descriptor: FileDescriptor
        do {
            descriptor = try FileDescriptor.open(folder, .readOnly, options: [.directory, .closeOnExec])
        } catch {
            throw .unreadable(path: folder, cause: "\(error)")
        }
        do {
            try Disk.lock(descriptor)
            return descriptor
        } catch {
            try? descriptor.close()
            throw .inUse(folder: folder)
        }
    }

    private static func emptyUploads(of folder: String) throws(AssetStoreError) {
        let uploads = "\(folder)/\(uploads)"
        do { try Disk.makeFolder(uploads) } catch { throw .writing(uploads, error) }
        for name in try Folder.names(in: uploads) {
            do { try Disk.remove("\(uploads)/\(name)") } catch { throw .writing(uploads, error) }
        }
    }

    /// An index that has all that the journal tells, and a journal without a torn end.
    private static func index(of journal: inout Journal, keep: Int) throws(AssetStoreError) -> AssetIndex {
        var index = try AssetIndex.open(in: journal.folder)
        let end: Int
        do {
            end = try index.follow(journal)
        } catch .unwritable, .indexDamaged {
            // The journal does not fit to it, so it is not what it was.
            index.close()
            index = try AssetIndex.anew(in: journal.folder)
            end = try index.follow(journal)
        }
        try journal.cut(to: end)
        if try index.progress().keep != keep {
            let line = JournalLine.keeps(newest: keep)
            try journal.append(line)
            try journal.sync()
            _ = try index.follow(line, end: journal.end)
        }
        return index
    }
}
