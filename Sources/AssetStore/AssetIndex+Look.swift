import AssetProtocol
import FailoverCore
import GRDB

/// What can be asked of the index. A `Database` argument is a transaction: what is asked in one fits together.
extension AssetIndex {
    static func newest(of path: StoragePath, in database: Database) throws -> FileVersion? {
        let statement = try database.cachedStatement(sql: "SELECT * FROM version WHERE path = ? AND isNewest")
        return try Row.fetchOne(statement, arguments: [path.description]).map(FileVersion.init(row:))
    }

    static func version(_ number: Int, of path: StoragePath, in database: Database) throws -> FileVersion? {
        let statement = try database.cachedStatement(sql: "SELECT * FROM version WHERE path = ? AND number = ?")
        return try Row.fetchOne(statement, arguments: [path.description, number]).map(FileVersion.init(row:))
    }

    /// The newest first.
    static func versions(of path: StoragePath, in database: Database) throws -> [FileVersion] {
        try Row.fetchAll(
            database, sql: "SELECT * FROM version WHERE path = ? ORDER BY number DESC", arguments: [path.description]
        ).map(FileVersion.init(row:))
    }

    static func versions(withContent digest: ContentDigest, in database: Database) throws -> [FileVersion] {
        try Row.fetchAll(
            database, sql: "SELECT * FROM version WHERE digest = ? ORDER BY sequence", arguments: [digest.description]
        ).map(FileVersion.init(row:))
    }

    /// The first `count` contents behind this one, in the order of their digests.
    static func contents(after digest: ContentDigest?, count: Int, in database: Database) throws -> [ContentDigest] {
        try String.fetchAll(
            database, sql: "SELECT DISTINCT digest FROM version WHERE digest > ? ORDER BY digest LIMIT ?",
            arguments: [digest?.description ?? "", count]
        ).compactMap { ContentDigest($0) }
    }

    /// Those to which a kept version refers.
    static func used(among digests: Set<ContentDigest>, in database: Database) throws -> Set<ContentDigest> {
        let statement = try database.cachedStatement(sql: "SELECT 1 FROM version WHERE digest = ? LIMIT 1")
        return try digests.filter { try Int.fetchOne(statement, arguments: [$0.description]) != nil }
    }

    /// Who was faster.
    ///
    /// - Parameter newest: what there is.
    static func conflict(
        _ path: StoragePath, _ precondition: Precondition, _ newest: FileVersion?, in database: Database
    ) throws -> AssetStoreError {
        var expected: FileVersion?
        if case .newestIs(let tag) = precondition {
            expected = try version(tag.number, of: path, in: database).flatMap { $0.tag == tag ? $0 : nil }
        }
        return .conflict(Conflict(path: path, precondition: precondition, expected: expected, found: newest))
    }

    /// The newest versions of files, by path.
    static func list(_ query: ListingQuery, in database: Database) throws -> Listing {
        var listing = Listing(sequence: try progress(in: database).last)
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT * FROM version WHERE isNewest AND path >= ? AND path > ? AND sequence > ?
                \(query.withDeletions ? "" : "AND digest IS NOT NULL") ORDER BY path
                """,
            arguments: [query.prefix, query.after?.description ?? "", query.since])
        while let version = try rows.next().map(FileVersion.init(row:)) {
            guard version.path.description.utf8.starts(with: query.prefix.utf8) else { break }
            guard listing.versions.count < query.limit else {
                listing.isWhole = false
                break
            }
            listing.versions.append(version)
        }
        return listing
    }
}

extension Row {
    /// A damaged index is an error, and no end of the server.
    func value<Value: DatabaseValueConvertible>(_ column: String) throws -> Value {
        let found: DatabaseValue = self[column]
        guard let value = Value.fromDatabaseValue(found) else { throw DatabaseError.senseless(column) }
        return value
    }
}

extension DatabaseError {
    fileprivate static func senseless(_ column: String) -> Self {
        DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a value of \(column) makes no sense")
    }
}

extension FileVersion {
    fileprivate init(row: Row) throws {
        guard let author = MachineName(try row.value("author")) else { throw DatabaseError.senseless("author") }
        guard let path = try? StoragePath(try row.value("path")) else { throw DatabaseError.senseless("path") }
        var content: Content?
        if !(row["digest"] as DatabaseValue).isNull {
            let size: Int = try row.value("size")
            guard let digest = ContentDigest(try row.value("digest")) else { throw DatabaseError.senseless("digest") }
            guard size >= 0 else { throw DatabaseError.senseless("size") }
            content = Content(digest: digest, size: size)
        }
        self.init(
            sequence: try row.value("sequence"), path: path, number: try row.value("number"), content: content,
            author: author, time: Timestamp(millisecondsSince1970: try row.value("time")))
    }
}
