import AssetProtocol
import Dispatch
import FailoverCore
import HubProtocol
import Synchronization

/// Accepts changes, one after the other: the only one that writes the journal.
///
/// Changes that wait at the same moment go to disk together, with one sync of the journal.
final class Acceptor: Sendable {
    private struct Waiting: Sendable {
        let change: Change
        let answer: CheckedContinuation<FileVersion, any Error>
    }

    private struct State: ~Copyable {
        var journal: Journal
        var lastSequence: Int
        /// Of how many versions the journal tells, and how many it may tell of before it is looked whether most are dropped.
        var told: Int
        var compactionBound = 0
        /// Contents to which perhaps no version refers.
        var garbage = Set<ContentDigest>()
        /// Why nothing is accepted any more.
        var failure: AssetStoreError?
    }

    let folder: String
    let content: ContentFolder
    private let index: Mutex<AssetIndex>
    private let waiting = Mutex<[Waiting]>([])
    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "asset store")
    private let compactionSlack: Int

    /// - Parameter compactionSlack: how many dropped versions the journal may tell of in addition to as many as are kept.
    init(
        folder: String, journal: Journal, index: AssetIndex, content: ContentFolder, compactionSlack: Int
    ) throws(AssetStoreError) {
        self.folder = folder
        self.content = content
        self.compactionSlack = compactionSlack
        let progress = try index.progress()
        self.index = Mutex(index)
        state = Mutex(State(journal: journal, lastSequence: progress.last, told: progress.told))
    }

    /// For whoever looks up.
    var currentIndex: AssetIndex { index.withLock { $0 } }

    func accept(_ change: Change) async throws -> FileVersion {
        try await withCheckedThrowingContinuation { answer in
            let isFirst = waiting.withLock { waiting in
                waiting.append(Waiting(change: change, answer: answer))
                return waiting.count == 1
            }
            if isFirst { queue.async { self.acceptWaiting() } }
        }
    }

    /// Makes the index anew from the journal.
    func rebuildIndex() async throws {
        try await queue.run {
            try self.state.withLock { state in
                let old = self.currentIndex
                if old.isIntact() {
                    try old.follow(state.journal, fromStart: true)
                } else {
                    // Waits for its readers. Who asks meanwhile gets an error, not a wrong answer.
                    old.close()
                    let index = try AssetIndex.anew(in: self.folder)
                    try index.follow(state.journal)
                    self.index.withLock { $0 = index }
                }
                state.lastSequence = try self.currentIndex.progress().last
            }
        }
    }

    /// Reads all of the journal, which is otherwise read only where the index is made anew.
    func verifyJournal() async throws {
        try await queue.run {
            try self.state.withLock { state in _ = try state.journal.read(from: 0) { _, _ in true } }
        }
    }

    /// Ends after what was to be accepted.
    func close() {
        queue.sync {
            state.withLock { state in
                state.failure = .stopped(folder: folder, cause: "the store was closed")
                state.journal.close()
            }
            currentIndex.close()
        }
    }

    // MARK: - One batch

    private typealias Outcome = Result<FileVersion, any Error>

    private func acceptWaiting() {
        let batch = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        let outcomes = state.withLock { accept(batch.map(\.change), &$0) }
        for (waiting, outcome) in zip(batch, outcomes) { waiting.answer.resume(with: outcome) }
        state.withLock { state in
            collectGarbage(&state)
            compactWhereWorthIt(&state)
        }
    }

    private func accept(_ changes: [Change], _ state: inout State) -> [Outcome] {
        if let failure = state.failure { return changes.map { _ in .failure(failure) } }
        var outcomes: [Outcome] = []
        do {
            state.garbage.formUnion(changes.compactMap(\.content?.digest))
            try place(changes)
            let paths = Set(changes.map(\.path))
            var newest = try currentIndex.read { database in
                try paths.reduce(into: [:]) { $0[$1] = try AssetIndex.newest(of: $1, in: database) }
            }
            var accepted: [(version: FileVersion, change: Change)] = []
            for change in changes {
                outcomes.append(
                    Outcome {
                        let version = try version(
                            for: change, newest, sequence: state.lastSequence + accepted.count + 1)
                        newest[change.path] = version
                        accepted.append((version, change))
                        return version
                    })
            }
            if !accepted.isEmpty { try write(accepted, &state) }
            return outcomes
        } catch {
            return changes.indices.map { index in
                // What was refused for a reason of its own keeps it.
                if index < outcomes.count, case .failure = outcomes[index] { outcomes[index] } else { .failure(error) }
            }
        }
    }

    /// Moves the contents to where readers will look for them, on disk.
    private func place(_ changes: [Change]) throws(AssetStoreError) {
        var folders = Set<String>()
        for change in changes {
            guard let file = change.file, let digest = change.content?.digest else { continue }
            folders.insert(try content.place(file, as: digest))
        }
        try content.sync(folders)
    }

    /// The version that this change makes, if it may.
    ///
    /// - Parameter newest: what there is of the batch's files, the versions that were accepted in it included.
    private func version(
        for change: Change, _ newest: [StoragePath: FileVersion], sequence: Int
    ) throws -> FileVersion {
        let found = newest[change.path]
        let isThere = found?.isDeletion == false
        guard change.precondition.holds(for: found) else {
            throw try currentIndex.read { database in
                try AssetIndex.conflict(change.path, change.precondition, found, in: database)
            }
        }
        guard isThere || change.content != nil else { throw AssetStoreError.noSuchFile(change.path) }
        if !isThere, let other = try fileInTheWay(of: change.path, newest) {
            throw AssetStoreError.inTheWay(change.path, other)
        }
        try change.gate()
        return FileVersion(
            sequence: sequence, path: change.path, number: (found?.number ?? 0) + 1, content: change.content,
            author: change.author, time: .now)
    }

    /// A file in whose place this path needs a folder, or the other way round: no disk could hold both.
    private func fileInTheWay(
        of path: StoragePath, _ newest: [StoragePath: FileVersion]
    ) throws(AssetStoreError) -> FileVersion? {
        let inside = "\(path)/"
        return try currentIndex.read { database in
            for folder in path.folders {
                let file = try newest[folder] ?? AssetIndex.newest(of: folder, in: database)
                if let file, !file.isDeletion { return file }
            }
            let isInside = { (file: FileVersion) in file.path.description.utf8.starts(with: inside.utf8) }
            if let file = newest.values.first(where: { isInside($0) && !$0.isDeletion }) { return file }
            // One more than can have been deleted in this batch.
            let files = try AssetIndex.list(ListingQuery(prefix: inside, limit: newest.count + 1), in: database)
            return files.versions.first { newest[$0.path]?.isDeletion != true }
        }
    }

    private func write(_ accepted: [(version: FileVersion, change: Change)], _ state: inout State) throws {
        let versions = accepted.map(\.version)
        let (start, line) = (state.journal.end, JournalLine.accepts(versions: versions))
        try state.journal.append(line)
        do {
            try state.journal.sync()
        } catch {
            // A disk that failed once to write may say the next time that all is well.
            try? state.journal.cut(to: start)
            throw stop(&state, error)
        }
        do {
            // The disk may have taken longer than whoever gave the word for this may act.
            for change in accepted.map(\.change) { try change.gate() }
            state.garbage.formUnion(try currentIndex.follow(line, end: state.journal.end))
        } catch {
            // Nobody was told and no reader has seen it, so it can be taken back.
            do { try state.journal.cut(to: start) } catch { throw stop(&state, error) }
            throw error
        }
        state.lastSequence += versions.count
        state.told += versions.count
    }

    private func stop(_ state: inout State, _ cause: AssetStoreError) -> AssetStoreError {
        let failure = AssetStoreError.stopped(folder: folder, cause: "\(cause)")
        state.failure = failure
        return failure
    }

    // MARK: - What is no longer kept

    private func collectGarbage(_ state: inout State) {
        // After a failure that leaves open what the journal has, nothing is known to be unused.
        guard state.failure == nil, !state.garbage.isEmpty else { return }
        let candidates = state.garbage
        state.garbage = []
        let used = try? currentIndex.read { database in try AssetIndex.used(among: candidates, in: database) }
        // What cannot be told now is removed when the store is opened next.
        guard let used else { return }
        content.remove(candidates.subtracting(used))
    }

    private func compactWhereWorthIt(_ state: inout State) {
        guard state.failure == nil, state.told > state.compactionBound else { return }
        do {
            let kept = try currentIndex.progress().kept
            state.compactionBound = 2 * kept + compactionSlack
            guard state.told > state.compactionBound else { return }
            let old = state.journal.identity
            do {
                try state.journal.compact()
            } catch  where state.journal.identity != old {
                // Which of both a power loss leaves is not certain.
                _ = stop(&state, .writing(folder, error))
                return
            }
            state.told = kept
            try currentIndex.move(to: state.journal)
        } catch {
            // The journal is longer than it need be, no more. There may be room when it has grown as much again.
            state.compactionBound = 2 * state.told
        }
    }
}
