import AssetProtocol
import Foundation
import GRDB

/// What is known of a working folder's files, and of transfers that were cut off. Usable after a kill at any moment: at worst
/// something is compared or sent again.
final class FolderState: Sendable {
    /// An upload that was begun.
    struct BegunUpload: Hashable {
        var location: String
        /// Of the local file.
        var stamp: FileStamp
        var condition: String
    }

    /// Of the tables below. A newer one than this program knows is refused.
    private static let format = 1

    private let database: DatabaseQueue

    /// - Parameter folder: only for sentences.
    init(path: String, folder: String) throws(AssetClientError) {
        do {
            var configuration = Configuration()
            configuration.journalMode = .wal
            database = try DatabaseQueue(path: path, configuration: configuration)
            let found = try database.read { try Int.fetchOne($0, sql: "PRAGMA user_version") ?? 0 }
            guard found <= Self.format else { throw AssetClientError.newerState(folder: folder) }
            try database.write { database in
                try database.execute(
                    sql: """
                        CREATE TABLE IF NOT EXISTS file (
                            path TEXT PRIMARY KEY, version BLOB NOT NULL, size INTEGER, inode INTEGER, modified INTEGER,
                            changed INTEGER) WITHOUT ROWID;
                        CREATE TABLE IF NOT EXISTS upload (
                            path TEXT PRIMARY KEY, location TEXT NOT NULL, condition TEXT NOT NULL, size INTEGER, inode INTEGER,
                            modified INTEGER, changed INTEGER) WITHOUT ROWID;
                        PRAGMA user_version = \(Self.format);
                        """)
            }
        } catch let error as AssetClientError {
            throw error
        } catch {
            throw .stateDamaged(folder: folder, cause: "\(error)")
        }
    }

    func knownFiles() throws -> [StoragePath: KnownFile] {
        let decoder = JSONDecoder()
        return try database.read { database in
            var files: [StoragePath: KnownFile] = [:]
            let rows = try Row.fetchCursor(database, sql: "SELECT * FROM file")
            while let row = try rows.next() {
                // What cannot be read any more counts as never pulled: it is then compared by content.
                guard let version = try? decoder.decode(FileEntry.self, from: row["version"] as Data) else { continue }
                files[version.path] = KnownFile(version: version, stamp: FileStamp(row))
            }
            return files
        }
    }

    /// - Parameter changes: `nil`: it is forgotten.
    func apply(_ changes: [StoragePath: KnownFile?]) throws {
        let encoder = JSONEncoder()
        try database.write { database in
            for (path, known) in changes {
                guard let known else {
                    try database.execute(sql: "DELETE FROM file WHERE path = ?", arguments: [path.description])
                    continue
                }
                let stamp = known.stamp
                try database.cachedStatement(
                    sql: "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?)"
                ).execute(
                    arguments: [
                        path.description, try encoder.encode(known.version), stamp?.size,
                        stamp.map { Int64(bitPattern: $0.inode) }, stamp?.modified, stamp?.changed,
                    ])
            }
        }
    }

    func upload(of path: StoragePath) throws -> BegunUpload? {
        try database.read { database in
            guard
                let row = try Row.fetchOne(
                    database, sql: "SELECT * FROM upload WHERE path = ?", arguments: [path.description]),
                let stamp = FileStamp(row)
            else { return nil }
            return BegunUpload(location: row["location"], stamp: stamp, condition: row["condition"])
        }
    }

    /// - Parameter upload: `nil`: it has ended.
    func setUpload(of path: StoragePath, _ upload: BegunUpload?) throws {
        try database.write { database in
            guard let upload else {
                return try database.execute(sql: "DELETE FROM upload WHERE path = ?", arguments: [path.description])
            }
            try database.execute(
                sql: "INSERT OR REPLACE INTO upload VALUES (?, ?, ?, ?, ?, ?, ?)",
                arguments: [
                    path.description, upload.location, upload.condition, upload.stamp.size,
                    Int64(bitPattern: upload.stamp.inode), upload.stamp.modified, upload.stamp.changed,
                ])
        }
    }
}

extension FileStamp {
    fileprivate init?(_ row: Row) {
        guard let size = row["size"] as Int?, let inode = row["inode"] as Int64?,
            let modified = row["modified"] as Int64?,
            let changed = row["changed"] as Int64?
        else { return nil }
        self.init(size: size, inode: UInt64(bitPattern: inode), modified: modified, changed: changed)
    }
}
