import FailoverCore
import HubProtocol
import LocalState
import Logging
import MQTTSession
import Replication
import ShowFile

/// Saves and loads the live state of the show, which is what this Main server's hub retains below `show/`.
@SessionLoop
final class ShowDesk {
    private let own: MachineName
    private let folder: ShowFolder
    private let replicator: ServerReplicator
    /// Between two automatic backups; `nil`: there are none.
    private let interval: Duration?
    private let log: Logger
    /// Why the live state must not be saved or changed here now.
    private let objection: @SessionLoop () -> CommandResponse?
    private let onNews: @SessionLoop (HubShows) -> Void
    private let timer = LoopTimer()
    /// The live state when this server was told to stop.
    private var lastItems: [ShowItem]?

    /// A large show over a slow network.
    private static let patience = Duration.seconds(60)

    init(
        of own: MachineName, _ folder: ShowFolder, replicator: ServerReplicator, backingUpEvery interval: Duration?,
        log: Logger, objection: @escaping @SessionLoop () -> CommandResponse?,
        onNews: @escaping @SessionLoop (HubShows) -> Void
    ) {
        (self.own, self.folder, self.replicator, self.interval) = (own, folder, replicator, interval)
        (self.log, self.objection, self.onNews) = (log, objection, onNews)
    }

    func start() {
        Task { @SessionLoop in
            do {
                try await self.folder.open()
            } catch {
                self.log.error("\(error)")
            }
            self.onNews(self.folder.listing)
        }
        wait()
    }

    private var items: [ShowItem] {
        let now = Timestamp.now
        return replicator.retained.values.compactMap { ShowItem($0.message) }.filter { !$0.isExpired(at: now) }
    }

    // MARK: - Commands

    func save(_ name: ShowName?, by user: MachineName) async -> CommandResponse {
        if let objection = objection() { return objection }
        guard let name = name ?? folder.listing.current else {
            return .refused(.malformed, "the show has no name yet. Give it one: understudy show save NAME.")
        }
        let items = items
        return await answer { () async throws(ShowFolderError) in
            try await self.folder.save(ShowFile(name: name, savedAt: .now, savedBy: user, items: items))
            try await self.folder.setCurrent(name)
            return .ok("\(name) is saved, with \(Self.count(items.count)).")
        }
    }

    func load(_ name: ShowName, by user: MachineName) async -> CommandResponse {
        await answer { () async throws(ShowFolderError) in
            // A file that is not there is nothing to tell a server that may not load any.
            if let objection = self.objection() { return objection }
            let file = try await self.folder.read(name)
            let current = file.isAutomatic ? file.backupOf : name
            if ShowDifference(from: self.replicator.retained, to: file.items, at: .now).isEmpty {
                try await self.folder.setCurrent(current)
                return .ok("Nothing changed: the show is as it was saved in \(name).")
            }
            let backup = try await self.folder.backUp(self.items, by: self.own)
            // That took its time.
            if let objection = self.objection() { return objection }
            let difference = ShowDifference(from: self.replicator.retained, to: file.items, at: .now)
            let author = Publisher(machine: self.own, session: Identifier.random())!
            guard await self.replicator.change(difference.messages(from: author), within: Self.patience) else {
                return .refused(
                    .notInSync,
                    "\(name) is loaded on this hub, and nobody has confirmed that the other one has it. Look at the site before you go on."
                )
            }
            try await self.folder.setCurrent(current)
            let undo = backup.map { " What was there before is saved as \($0)." } ?? ""
            return .ok("\(name) is loaded: \(difference.summary).\(undo)")
        }
    }

    private func answer(
        _ body: @SessionLoop () async throws(ShowFolderError) -> CommandResponse
    ) async -> CommandResponse {
        let response: CommandResponse
        do throws(ShowFolderError) {
            response = try await body()
        } catch {
            response = .refused(error.code, "\(error)")
        }
        onNews(folder.listing)
        return response
    }

    private static func count(_ items: Int) -> String { items == 1 ? "1 item" : "\(items) items" }

    // MARK: - Automatic backups

    private func wait() {
        guard let interval else { return }
        timer.schedule(after: interval) { [weak self] in
            guard let self else { return }
            let items = self.items
            guard self.objection() == nil else { return self.wait() }
            Task { @SessionLoop in
                await self.backUp(items)
                self.wait()
            }
        }
    }

    private func backUp(_ items: [ShowItem]) async {
        do {
            guard let name = try await folder.backUp(items, by: own) else { return }
            log.info("the show has changed, and is saved as \(name)")
            onNews(folder.listing)
        } catch {
            log.error("no automatic backup of the show: \(error)")
        }
    }

    /// This server is about to stop in good order, and may not act any more when it does.
    func noteStop() {
        guard interval != nil, lastItems == nil, objection() == nil else { return }
        lastItems = items
    }

    /// Ends when what there was at the stop is on disk.
    func finish() async {
        timer.cancel()
        if let lastItems { await backUp(lastItems) }
    }
}
