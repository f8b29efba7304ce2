import GRDB

/// How the index follows the journal.
extension AssetIndex {
    func progress() throws(AssetStoreError) -> Progress {
        try read { (database: Database) in try Self.progress(in: database) }
    }

    /// Reads what the journal has beyond this index, or all of it where the index follows another journal.
    ///
    /// - Returns: where the journal's last whole line ends.
    func follow(_ journal: Journal) throws(AssetStoreError) -> Int {
        try write { database in
            var progress = try Self.progress(in: database)
            if try progress.identity != journal.identity || !journal.hasLine(at: progress.byte) {
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
    /// - Returns: contents that no version refers to any more.
    func follow(_ line: JournalLine, end: Int) throws(AssetStoreError) -> Set<ContentDigest> {
        try write { database in
            var progress = try Self.progress(in: database)
            let dropped = try Self.apply(line, to: database, &progress)
            progress.byte = end
            try Self.keep(progress, in: database)
            return try dropped.subtracting(Self.used(among: dropped, in: database))
        }
    }

    /// After a compaction, which told of the kept versions only.
    func move(to journal: Journal) throws(AssetStoreError) {
        try write { database in
            var progress = try Self.progress(in: database)
            progress.identity = journal.identity
            progress.byte = journal.end
            progress.told = try Self.count(in: database)
            try Self.keep(progress, in: database)
        }
    }

    /// - Returns: the contents of the versions that were dropped.
    @discardableResult
    private static func apply(
        _ line: JournalLine, to database: Database, _ progress: inout Progress
    ) throws -> Set<ContentDigest> {
        var dropped: [String] = []
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
                    """, arguments: [count]
            ).compactMap { $0 }
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
                dropped += try String?.fetchAll(drop, arguments: [path, version.number - progress.keep]).compactMap { $0 }
            }
            progress.told += versions.count
        }
        return Set(dropped.compactMap { ContentDigest($0) })
    }

    private static func progress(in database: Database) throws -> Progress {
        let row = try Row.fetchOne(database, sql: "SELECT * FROM progress")!
        return Progress(identity: row["identity"], byte: row["byte"], told: row["told"], keep: row["keep"])
    }

    private static func keep(_ progress: Progress, in database: Database) throws {
        try database.execute(
            sql: "UPDATE progress SET identity = ?, byte = ?, told = ?, keep = ?",
            arguments: [progress.identity, progress.byte, progress.told, progress.keep])
    }
}
