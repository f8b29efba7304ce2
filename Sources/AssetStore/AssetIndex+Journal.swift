import AssetProtocol
import GRDB

/// How the index follows the journal.
extension AssetIndex {
    func progress() throws(AssetStoreError) -> Progress {
        try read { (database: Database) in try Self.progress(in: database) }
    }

    /// Reads what the journal has beyond this index, or all of it where the index follows another journal. Readers see the
    /// index as it was until then.
    ///
    /// - Parameter fromStart: forget all and read all of it.
    /// - Returns: where the journal's last whole line ends.
    @discardableResult
    func follow(_ journal: Journal, fromStart: Bool = false) throws(AssetStoreError) -> Int {
        try write { database in
            var progress = try Self.progress(in: database)
            if try fromStart || progress.identity != journal.identity || !journal.hasLine(at: progress.byte) {
                try database.execute(sql: "DELETE FROM version")
                progress = Progress(identity: journal.identity)
            }
            progress.byte = try journal.read(from: progress.byte) { line, _ in
                try Self.apply(line, to: database, &progress)
                return true
            }
            try Self.keep(progress, in: database)
            return progress.byte
        }
    }

    /// Takes over a line that the journal has, which ends at `end`.
    ///
    /// - Returns: contents of versions that were dropped.
    func follow(_ line: JournalLine, end: Int) throws(AssetStoreError) -> Set<ContentDigest> {
        try write { database in
            var progress = try Self.progress(in: database)
            let dropped = try Self.apply(line, to: database, &progress)
            progress.byte = end
            try Self.keep(progress, in: database)
            return dropped
        }
    }

    /// After a compaction, which told of the kept versions only.
    func move(to journal: Journal) throws(AssetStoreError) {
        try write { database in
            var progress = try Self.progress(in: database)
            progress.identity = journal.identity
            progress.byte = journal.end
            progress.told = progress.kept
            try Self.keep(progress, in: database)
        }
    }

    /// - Returns: the contents of the versions that were dropped.
    @discardableResult
    private static func apply(
        _ line: JournalLine, to database: Database, _ progress: inout Progress
    ) throws -> Set<ContentDigest> {
        var dropped: [String?] = []
        switch line {
        case .begins: break
        case .keeps(let count):
            progress.keep = count
            dropped = try String?.fetchAll(
                database,
                sql: """
                    DELETE FROM version WHERE number <= (
                        SELECT number FROM version AS newest WHERE newest.path = version.path AND isNewest) - ?
                    RETURNING digest
                    """, arguments: [count])
        case .accepts(let versions):
            let replace = try database.cachedStatement(
                sql: "UPDATE version SET isNewest = 0 WHERE path = ? AND isNewest")
            let add = try database.cachedStatement(sql: "INSERT INTO version VALUES (?, ?, ?, ?, ?, ?, ?, 1)")
            let drop = try database.cachedStatement(
                sql: "DELETE FROM version WHERE path = ? AND number <= ? RETURNING digest")
            for version in versions {
                let path = version.path.description
                try replace.execute(arguments: [path])
                try add.execute(arguments: [
                    version.sequence, path, version.number, version.content?.digest.description, version.content?.size,
                    version.author.description, version.time.millisecondsSince1970,
                ])
                dropped += try String?.fetchAll(drop, arguments: [path, version.number - progress.keep])
            }
            progress.told += versions.count
            progress.kept += versions.count
            progress.last = versions.last?.sequence ?? progress.last
        }
        progress.kept -= dropped.count
        return Set(dropped.compactMap { $0 }.compactMap { ContentDigest($0) })
    }

    static func progress(in database: Database) throws -> Progress {
        guard let row = try Row.fetchOne(database, sql: "SELECT * FROM progress") else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "how far it follows is missing")
        }
        return Progress(
            identity: try row.value("identity"), byte: try row.value("byte"), told: try row.value("told"),
            kept: try row.value("kept"), last: try row.value("last"), keep: try row.value("keep"))
    }

    private static func keep(_ progress: Progress, in database: Database) throws {
        try database.execute(
            sql: "UPDATE progress SET identity = ?, byte = ?, told = ?, kept = ?, last = ?, keep = ?",
            arguments: [progress.identity, progress.byte, progress.told, progress.kept, progress.last, progress.keep])
    }
}
