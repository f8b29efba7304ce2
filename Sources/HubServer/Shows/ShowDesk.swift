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
    /// A part of the live state is loaded, and a part is not.
    private var isLoading = false
    /// The live state when this server was told to stop.
    private var last: [String: Write]?

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

    /// Off the session loop: a large show takes longer than heartbeats may wait.
    @concurrent
    private nonisolated static func difference(
        from retained: [String: Write], to file: ShowFile
    ) async -> ShowDifference {
        ShowDifference(from: retained, to: file.items, at: .now)
    }

    @concurrent
    private nonisolated static func messages(_ difference: ShowDifference, from author: Publisher) async -> [HubMessage]
    {
        difference.messages(from: author)
    }

    // MARK: - Commands

    func save(_ name: ShowName?, by user: MachineName) async -> CommandResponse {
        if let objection = objection() { return objection }
        guard let name = name ?? folder.listing.current else {
            return .refused(.malformed, "the show has no name yet. Give it one: understudy show save NAME.")
        }
        let retained = replicator.retained
        return await answer { () async throws(ShowFolderError) in
            let count = try await self.folder.save(retained, as: name, by: user)
            try await self.folder.setCurrent(name)
            return .ok("\(name) is saved, with \(Self.count(count)).")
        }
    }

    func load(_ name: ShowName, by user: MachineName) async -> CommandResponse {
        await answer { () async throws(ShowFolderError) in
            // A file that is not there is nothing to tell a server that may not load any.
            if let objection = self.objection() { return objection }
            let file = try await self.folder.read(name)
            let current = name.isOfBackup ? file.show : name
            var difference = await Self.difference(from: self.replicator.retained, to: file)
            if difference.isEmpty {
                try await self.folder.setCurrent(current)
                return .ok("Nothing changed: the show is as it was saved in \(name).")
            }
            let backup = try await self.folder.backUp(self.replicator.retained, by: self.own)
            let author = Publisher(machine: self.own, session: Identifier.random())!
            difference = await Self.difference(from: self.replicator.retained, to: file)
            let messages = await Self.messages(difference, from: author)
            // All that took its time.
            if let objection = self.objection() { return objection }
            self.isLoading = true
            defer { self.isLoading = false }
            guard await self.replicator.change(messages, within: Self.patience) else {
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
            guard self.objection() == nil, !self.isLoading else { return self.wait() }
            let retained = self.replicator.retained
            Task { @SessionLoop in
                await self.backUp(retained)
                self.wait()
            }
        }
    }

    private func backUp(_ retained: [String: Write]) async {
        do throws(ShowFolderError) {
            guard let name = try await folder.backUp(retained, by: own) else { return }
            log.info("the show has changed, and is saved as \(name)")
            onNews(folder.listing)
        } catch {
            log.error("no automatic backup of the show: \(error)")
        }
    }

    /// This server is about to stop in good order, and may not act any more when it does.
    func noteStop() {
        guard interval != nil, last == nil, objection() == nil, !isLoading else { return }
        last = replicator.retained
    }

    /// Ends when what there was at the stop is on disk.
    func finish() async {
        timer.cancel()
        if let last { await backUp(last) }
    }
}
