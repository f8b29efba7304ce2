import Dispatch
import FailoverCore
import Foundation
import HubProtocol
import LocalState
import Replication
import ShowFile
import Synchronization

/// The show files on Main's disk: those that people saved, and the automatic backups. Each is whole at every moment, also
/// when the process or the power ends while it is written.
final class ShowFolder: Sendable {
    /// Named ones: as many as `hub/shows` can list.
    static let mostShows = 500

    private struct Entry {
        var show: HubShows.Show
        let path: String
        /// `nil`: it cannot be loaded.
        var fingerprint: [UInt8]?
    }

    private struct Content {
        var entries: [ShowName: Entry] = [:]
        var current: ShowName?
    }

    private let path: String
    private var backupPath: String { path + "/backups" }
    private let mostBackups: Int
    private let currentFile: DurableFile<HubShows>
    private let content = Mutex(Content())
    /// Files are large, and the session loop must not wait for the disk.
    private let queue = DispatchQueue(label: "show folder")

    /// - Parameter backups: at most so many automatic ones are kept.
    init(in folder: DataFolder, keeping backups: Int) {
        path = folder.file("shows")
        mostBackups = backups
        currentFile = DurableFile(path: path + "/current.json")
    }

    /// Newest first.
    var listing: HubShows {
        content.withLock { content in
            HubShows(
                current: content.current,
                shows: content.entries.values.map(\.show).sorted {
                    ($1.savedAt.timestamp, $1.name.description) < ($0.savedAt.timestamp, $0.name.description)
                })
        }
    }

    // MARK: - Asked for from elsewhere

    /// Reads what is there. A file that cannot be loaded is listed with the reason.
    func open() async throws(ShowFolderError) {
        try await onQueue { () throws(ShowFolderError) in
            try self.makeFolders()
            for folder in [self.path, self.backupPath] {
                for file in self.files(in: folder) {
                    // What was being written when an earlier run ended.
                    if file.hasSuffix(".new") { NamedFile.remove(file) } else { self.note(file) }
                }
            }
            let current = try? self.currentFile.read()?.current
            self.content.withLock { $0.current = current ?? nil }
        }
    }

    /// On disk when it returns. What was there under this name is kept as a backup.
    ///
    /// - Parameter retained: what a hub retains, by topic.
    /// - Returns: how many items that are.
    func save(
        _ retained: [String: Write], as name: ShowName, by user: MachineName
    ) async throws(ShowFolderError) -> Int {
        try await onQueue { () throws(ShowFolderError) in
            let file = ShowFile(
                name: name, savedAt: .now, savedBy: user, items: ShowItem.all(in: retained, at: .now))
            try self.write(file)
            return file.items.count
        }
    }

    /// Saves what no file holds yet, and makes room for it.
    ///
    /// - Returns: its name; `nil`: nothing was to be saved.
    func backUp(
        _ retained: [String: Write], by author: MachineName
    ) async throws(ShowFolderError) -> ShowName? {
        try await onQueue { () throws(ShowFolderError) in
            try self.writeBackup(ShowItem.all(in: retained, at: .now), by: author)
        }
    }

    func read(_ name: ShowName) async throws(ShowFolderError) -> ShowFile {
        let bytes = try await bytes(of: name)
        do throws(ShowFileError) {
            return try ShowFile(decoding: bytes)
        } catch {
            throw .unusable(name, cause: "\(error)")
        }
    }

    /// Of the file, as it is.
    func bytes(of name: ShowName) async throws(ShowFolderError) -> [UInt8] {
        try await onQueue { () throws(ShowFolderError) in
            // Somebody may have put it there since the start.
            if self.entry(name) == nil { self.note("\(self.path)/\(name).show") }
            guard let entry = self.entry(name) else { throw .unknown(name) }
            guard let data = FileManager.default.contents(atPath: entry.path) else {
                self.forget(name)
                throw .unknown(name)
            }
            return Array(data)
        }
    }

    /// What is saved next where no name is given; also after a restart.
    func setCurrent(_ name: ShowName?) async throws(ShowFolderError) {
        guard name != listing.current else { return }
        try await onQueue { () throws(ShowFolderError) in
            self.content.withLock { $0.current = name }
            do {
                try self.currentFile.write(HubShows(current: name, shows: []))
            } catch {
                throw .unwritable(path: self.path, cause: "\(error)")
            }
        }
    }

    private func onQueue<Result: Sendable>(
        _ body: @escaping @Sendable () throws(ShowFolderError) -> Result
    ) async throws(ShowFolderError) -> Result {
        let result = await withCheckedContinuation { continuation in
            queue.async {
                let result: Swift.Result<Result, ShowFolderError>
                do throws(ShowFolderError) { result = .success(try body()) } catch { result = .failure(error) }
                continuation.resume(returning: result)
            }
        }
        return try result.get()
    }

    // MARK: - On the queue

    private func write(_ file: ShowFile) throws(ShowFolderError) {
        guard !file.name.isOfBackup else { throw .reserved(file.name) }
        let fingerprint = ShowFile.fingerprint(of: file.items)
        let old = entry(file.name)
        if old == nil, listing.shows.count(where: { !$0.isAutomatic }) >= Self.mostShows { throw .tooMany }
        try makeFolders()
        if let old, old.fingerprint != fingerprint { try keep(old) }
        let target = old?.path ?? "\(path)/\(file.name).show"
        try put(file, at: target, fingerprint)
        removeOldBackups()
    }

    private func writeBackup(_ items: [ShowItem], by author: MachineName) throws(ShowFolderError) -> ShowName? {
        guard !items.isEmpty else { return nil }
        let fingerprint = ShowFile.fingerprint(of: items)
        let same = content.withLock { $0.entries.values.filter { $0.fingerprint == fingerprint } }
        // Somebody may have taken one away since the start.
        for entry in same where !isFile(entry.path) { forget(entry.show.name) }
        guard !same.contains(where: { isFile($0.path) }) else { return nil }
        try makeFolders()
        let (name, now) = freeBackupName()
        let file = ShowFile(
            name: name, savedAt: now, savedBy: author, isAutomatic: true, backupOf: listing.current, items: items)
        try put(file, at: "\(backupPath)/\(name).show", fingerprint)
        removeOldBackups()
        return name
    }

    private func put(_ file: ShowFile, at target: String, _ fingerprint: [UInt8]) throws(ShowFolderError) {
        let bytes = file.encoded
        do throws(NamedFile.Fault) {
            try NamedFile.replace(target, bytes)
        } catch {
            throw ShowFolderError(error, at: path)
        }
        let show = HubShows.Show(
            name: file.name, savedAt: file.savedAt, savedBy: file.savedBy, items: file.items.count, bytes: bytes.count,
            isAutomatic: file.isAutomatic)
        content.withLock { $0.entries[file.name] = Entry(show: show, path: target, fingerprint: fingerprint) }
    }

    /// A second name for what is about to be replaced: so it is there at every moment.
    private func keep(_ old: Entry) throws(ShowFolderError) {
        let kept = "\(backupPath)/\(freeBackupName().name).show"
        guard link(old.path, kept) == 0 else {
            throw .unwritable(path: backupPath, cause: String(cString: strerror(errno)))
        }
        note(kept)
    }

    private func freeBackupName() -> (name: ShowName, moment: UTCTime) {
        var moment = Timestamp.now
        while entry(.backup(at: UTCTime(moment))) != nil {
            moment = Timestamp(millisecondsSince1970: moment.millisecondsSince1970 + 1)
        }
        return (.backup(at: UTCTime(moment)), UTCTime(moment))
    }

    private func removeOldBackups() {
        let old = content.withLock { content in
            content.entries.values.filter(\.show.isAutomatic)
                .sorted { $0.show.name.description > $1.show.name.description }.dropFirst(mostBackups)
        }
        for entry in old {
            NamedFile.remove(entry.path)
            forget(entry.show.name)
        }
    }

    private func entry(_ name: ShowName) -> Entry? { content.withLock { $0.entries[name] } }

    private func forget(_ name: ShowName) { content.withLock { $0.entries[name] = nil } }

    private func makeFolders() throws(ShowFolderError) {
        do {
            try FileManager.default.createDirectory(
                atPath: backupPath, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .unwritable(path: path, cause: error.localizedDescription)
        }
    }

    private func files(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).map { "\(folder)/\($0)" }
            .filter(isFile)
    }

    /// Whether it is a regular one: reading another kind may never end.
    private func isFile(_ path: String) -> Bool {
        let type = try? FileManager.default.attributesOfItem(atPath: path)[.type]
        return type as? FileAttributeType == .typeRegular
    }

    /// What lies in a file, also in one that somebody has put there.
    private func note(_ file: String) {
        let url = URL(filePath: file)
        let isBackup = url.deletingLastPathComponent().lastPathComponent == "backups"
        guard url.pathExtension == "show", let name = ShowName(url.deletingPathExtension().lastPathComponent),
            name.isOfBackup == isBackup, isFile(file), let data = FileManager.default.contents(atPath: file)
        else { return }
        var entry: Entry
        do throws(ShowFileError) {
            let read = try ShowFile(decoding: Array(data))
            let show = HubShows.Show(
                name: name, savedAt: read.savedAt, savedBy: read.savedBy, items: read.items.count, bytes: data.count,
                isAutomatic: isBackup)
            entry = Entry(show: show, path: file, fingerprint: ShowFile.fingerprint(of: read.items))
        } catch {
            let modified = try? FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date
            let seconds = (modified ?? .distantPast).timeIntervalSince1970
            let show = HubShows.Show(
                name: name, savedAt: UTCTime(Timestamp(millisecondsSince1970: Int64(seconds * 1000))), savedBy: nil,
                items: 0, bytes: data.count, isAutomatic: isBackup, problem: "\(error)")
            entry = Entry(show: show, path: file, fingerprint: nil)
        }
        content.withLock { $0.entries[name] = entry }
    }
}
