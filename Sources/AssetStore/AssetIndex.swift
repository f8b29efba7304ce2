import FailoverCore
import Foundation
import GRDB

/// The kept versions, for looking up. Everything in it comes from the journal, and it can be thrown away at any time.
final class AssetIndex: Sendable {
    /// How far it follows the journal.
    struct Progress: Equatable {
        /// Which journal.
        var identity = ""
        /// Where the next line begins.
        var byte = 0
        /// How many versions the journal tells of, also those that are no longer kept.
        var told = 0
        /// How many of them are kept.
        var kept = 0
        /// The highest sequence number.
        var last = 0
        /// How many versions of each file are kept.
        var keep = 0
    }

    /// Of the tables below. An index of any other is made anew.
    private static let format = 1
    static let name = "index.sqlite"

    let path: String
    private let database: DatabasePool

    /// Opens the index, and makes it anew where it is missing, damaged or of another format.
    static func open(in folder: String) throws(AssetStoreError) -> AssetIndex {
        let path = "\(folder)/\(name)"
        if FileManager.default.fileExists(atPath: path), let index = try? AssetIndex(path) {
            if index.isIntact() { return index }
            index.close()
        }
        return try anew(in: folder)
    }

    /// An empty one. The old one must be closed.
    static func anew(in folder: String) throws(AssetStoreError) -> AssetIndex {
        let path = "\(folder)/\(name)"
        do {
            for file in [path, path + "-wal", path + "-shm"] { try Disk.remove(file) }
        } catch {
            throw .writing(path, error)
        }
        do {
            let index = try AssetIndex(path)
            try index.makeTables()
            return index
        } catch {
            throw AssetStoreError(error, index: path)
        }
    }

    private init(_ path: String) throws {
        self.path = path
        var configuration = Configuration()
        // Looking up reads few pages; a cache for each reader would only cost memory.
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA cache_size = -512") }
        database = try DatabasePool(path: path, configuration: configuration)
    }

    func close() { try? database.close() }

    func isIntact() -> Bool {
        let isIntact = try? database.read { database in
            try Int.fetchOne(database, sql: "PRAGMA user_version") == Self.format
                && String.fetchOne(database, sql: "PRAGMA quick_check(1)") == "ok"
                && Int.fetchOne(database, sql: "SELECT count(*) FROM version") == Self.progress(in: database).kept
        }
        return isIntact == true
    }

    private func makeTables() throws {
        try database.write { database in
            try database.execute(
                sql: """
                    CREATE TABLE version (
                        sequence INTEGER PRIMARY KEY, path TEXT NOT NULL, number INTEGER NOT NULL,
                        digest TEXT, size INTEGER, author TEXT NOT NULL, time INTEGER NOT NULL,
                        isNewest INTEGER NOT NULL);
                    CREATE UNIQUE INDEX versionOfPath ON version (path, number);
                    CREATE INDEX versionOfContent ON version (digest);
                    CREATE UNIQUE INDEX newestOfPath ON version (path) WHERE isNewest;
                    CREATE TABLE progress (
                        identity TEXT NOT NULL, byte INTEGER NOT NULL, told INTEGER NOT NULL,
                        kept INTEGER NOT NULL, last INTEGER NOT NULL, keep INTEGER NOT NULL);
                    INSERT INTO progress VALUES ('', 0, 0, 0, 0, 0);
                    PRAGMA user_version = \(Self.format);
                    """)
        }
    }

    // MARK: - Access, with this library's errors

    func read<Result>(_ body: (Database) throws -> Result) throws(AssetStoreError) -> Result {
        do { return try database.read(body) } catch { throw AssetStoreError(error, index: path) }
    }

    /// Without blocking the caller's thread.
    func read<Result: Sendable>(_ body: @escaping @Sendable (Database) throws -> Result) async throws(AssetStoreError)
        -> Result
    {
        do { return try await database.read(body) } catch { throw AssetStoreError(error, index: path) }
    }

    func write<Result>(_ body: (Database) throws -> Result) throws(AssetStoreError) -> Result {
        do { return try database.write(body) } catch { throw AssetStoreError(error, index: path) }
    }
}

extension AssetStoreError {
    init(_ error: any Error, index path: String) {
        switch error {
        case let error as Self: self = error
        case let error as DatabaseError where error.resultCode == .SQLITE_FULL: self = .full(folder: path)
        case let error as DatabaseError
        where [.SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_IOERR].contains(error.resultCode):
            self = .indexDamaged(path: path, cause: error.message ?? "\(error.resultCode)")
        case let error as DatabaseError:
            self = .unwritable(path: path, cause: error.message ?? "\(error.resultCode)")
        default: self = .unwritable(path: path, cause: "\(error)")
        }
    }
}
