import Dispatch
import FailoverCore
import Foundation
import GRDB
import HubProtocol
import Replication

/// A server's durable copy of the show: the only thing that outlives its broker.
public final class StateStore: Sendable {
    public struct Content: Sendable {
        public var retained: [Write] = []
        public var publishers: [Publisher: UInt64] = [:]
        public var counter: UInt64 = 0
        public var counterAtPeer: UInt64 = 0
    }

    /// What became of a show since the last write.
    public struct Changes: Sendable {
        /// By topic, the newest of each.
        public var retained: [String: Write] = [:]
        /// Topics of which nothing is known any more.
        public var forgotten: Set<String> = []
        public var publishers: [Publisher: UInt64] = [:]
        public var counter: UInt64 = 0
        public var counterAtPeer: UInt64 = 0

        public init() {}

        public var isEmpty: Bool { retained.isEmpty && forgotten.isEmpty && publishers.isEmpty }
    }

    /// Of the tables below. A newer one than this program knows is refused.
    static let format = 1

    public let path: String
    private let database: DatabaseQueue
    /// Writing waits for the disk, and the session loop must not.
    private let queue = DispatchQueue(label: "state store")

    /// The files that a store of this name is made of.
    public static func files(of name: String) -> [String] { [name, name + "-wal", name + "-shm"] }

    /// Opens the store, and makes it where there is none.
    public init(path: String) throws(StateStoreError) {
        self.path = path
        do {
            var configuration = Configuration()
            // A write that was cut short at any byte is rolled back at the next start.
            configuration.journalMode = .wal
            database = try DatabaseQueue(path: path, configuration: configuration)
            let found = try database.read { try Int.fetchOne($0, sql: "PRAGMA user_version") ?? 0 }
            guard found <= Self.format else { throw StateStoreError.newer(path: path) }
            try database.write { database in
                try database.execute(
                    sql: """
                        CREATE TABLE IF NOT EXISTS message (topic TEXT PRIMARY KEY, content BLOB NOT NULL);
                        CREATE TABLE IF NOT EXISTS publisher (
                            machine TEXT NOT NULL, session TEXT NOT NULL, received INTEGER NOT NULL,
                            PRIMARY KEY (machine, session)) WITHOUT ROWID;
                        CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
                        PRAGMA user_version = \(Self.format);
                        """)
            }
        } catch let error as StateStoreError {
            throw error
        } catch {
            throw StateStoreError(error, path: path)
        }
    }

    /// Ends after what was to be written. Its files can be moved then.
    public func close() {
        queue.sync {}
        try? database.close()
    }

    /// Everything that is stored, for a server that starts. Its counter begins where no earlier run can have come to, and that
    /// is on disk.
    public func startRun() throws(StateStoreError) -> Content {
        var content = try read()
        content.counter = Replica.nextCounter(after: content.counter, content.retained)
        var changes = Changes()
        (changes.counter, changes.counterAtPeer) = (content.counter, content.counterAtPeer)
        do { try apply(changes, survivesPowerLoss: true) } catch { throw StateStoreError(error, path: path) }
        return content
    }

    /// Everything that is stored.
    public func read() throws(StateStoreError) -> Content {
        do {
            return try database.read { database in
                var content = Content()
                let messages = try Row.fetchCursor(database, sql: "SELECT content FROM message")
                while let row = try messages.next() {
                    content.retained.append(try Write(decoding: Array(row["content"] as Data)))
                }
                let publishers = try Row.fetchCursor(database, sql: "SELECT machine, session, received FROM publisher")
                while let row = try publishers.next() {
                    guard let machine = MachineName(row["machine"]),
                        let publisher = Publisher(machine: machine, session: row["session"])
                    else { throw MalformedStream() }
                    content.publishers[publisher] = UInt64(bitPattern: row["received"])
                }
                let counters = try Row.fetchAll(database, sql: "SELECT name, value FROM counter")
                for row in counters {
                    switch row["name"] as String {
                    case "own": content.counter = UInt64(bitPattern: row["value"])
                    case "peer": content.counterAtPeer = UInt64(bitPattern: row["value"])
                    default: break
                    }
                }
                return content
            }
        } catch {
            throw StateStoreError(error, path: path)
        }
    }

    /// Calls `done` on the store's own queue. Writes keep their order, and each is whole or not at all.
    ///
    /// - Parameter survivesPowerLoss: wait for the disk; otherwise it survives the end of the process only.
    public func write(
        _ changes: Changes, survivesPowerLoss: Bool, done: @escaping @Sendable (StateStoreError?) -> Void
    ) {
        queue.async { [self] in
            do {
                try apply(changes, survivesPowerLoss: survivesPowerLoss)
                done(nil)
            } catch {
                done(StateStoreError(error, path: path))
            }
        }
    }

    private func apply(_ changes: Changes, survivesPowerLoss: Bool) throws {
        try database.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA synchronous = \(survivesPowerLoss ? "FULL" : "NORMAL")")
            try database.inTransaction {
                try Self.apply(changes, to: database)
                return .commit
            }
        }
    }

    private static func apply(_ changes: Changes, to database: Database) throws {
        let keep = try database.cachedStatement(
            sql: "INSERT OR REPLACE INTO message (topic, content) VALUES (?, ?)")
        for (topic, write) in changes.retained {
            try keep.execute(arguments: [topic, Data(write.encoded)])
        }
        let forget = try database.cachedStatement(sql: "DELETE FROM message WHERE topic = ?")
        for topic in changes.forgotten { try forget.execute(arguments: [topic]) }
        let advance = try database.cachedStatement(
            sql: "INSERT OR REPLACE INTO publisher (machine, session, received) VALUES (?, ?, ?)")
        for (publisher, received) in changes.publishers {
            try advance.execute(
                arguments: [publisher.machine.description, publisher.session, Int64(bitPattern: received)])
        }
        let count = try database.cachedStatement(sql: "INSERT OR REPLACE INTO counter (name, value) VALUES (?, ?)")
        try count.execute(arguments: ["own", Int64(bitPattern: changes.counter)])
        try count.execute(arguments: ["peer", Int64(bitPattern: changes.counterAtPeer)])
    }
}
