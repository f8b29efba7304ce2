import AssetProtocol

/// One push, pull or reset of a working folder.
public final class FilesRun: Sendable {
    let folder: WorkingFolder
    let server: AssetServer
    let cache: ContentCache
    let progress: TransferProgress
    let ledger: Ledger

    public init(folder: WorkingFolder, server: AssetServer, cache: ContentCache, progress: TransferProgress) {
        self.folder = folder
        self.server = server
        self.cache = cache
        self.progress = progress
        ledger = Ledger(folder.state)
    }

    /// Does what was planned. What fails for one file stops no other one; files that are locked, a right that is missing, and a
    /// server that is gone, do, and what is done stays done.
    ///
    /// - Throws: only where the folder's own state cannot be written.
    public func carryOut(_ plan: FilesPlan) async throws -> FilesReport {
        let report = Gathered(plan.report)
        let groups = groups(plan.items)
        let items = groups.joined()
        progress.begin(.transferring, files: items.count, bytes: items.reduce(0) { $0 + $1.bytes })
        do {
            for item in plan.items where !item.isTransfer { try await settle(item, report) }
            try await forEach(groups, width: AssetServer.width) { [self] group in
                for item in group {
                    guard report.value.stop == nil else {
                        report.change { $0.notDone += 1 }
                        continue
                    }
                    try await transfer(item, report)
                }
            }
        } catch {
            // What was done is known all the same.
            try? await ledger.write()
            throw error
        }
        try await ledger.write()
        if items.contains(where: \.isFetch) { try await onDiskThread { [self] in tidy() } }
        report.change { report in
            report.pushed.sort()
            report.pulled.sort()
            report.deleted.sort()
            report.removed.sort()
            report.conflicts.sort { $0.path < $1.path }
            report.bytes = progress.state.bytesDone - progress.state.bytesFromCache
        }
        return report.value
    }

    /// What is done one after the other: contents that are fetched for several files come from the cache from the second one
    /// on.
    private func groups(_ items: [FilesPlan.Item]) -> [[FilesPlan.Item]] {
        var groups: [[FilesPlan.Item]] = []
        var places: [FileVersion.Content: Int] = [:]
        // Whoever may push may not always delete.
        let transfers = items.filter { $0.isTransfer && !$0.isDeletion } + items.filter(\.isDeletion)
        for item in transfers {
            if case .fetch(let version) = item.step, let content = version.content {
                if let place = places[content] {
                    groups[place].append(item)
                    continue
                }
                places[content] = groups.count
            }
            groups.append([item])
        }
        return groups
    }

    private func tidy() {
        cache.trim()
        folder.forgetOldDownloads()
    }

    /// What needs no server.
    private func settle(_ item: FilesPlan.Item, _ report: Gathered<FilesReport>) async throws {
        let (path, local) = (item.situation.path, item.situation.local)
        switch item.step {
        case .nothing(let standing):
            report.change { $0.kept[standing, default: 0] += 1 }
            // It was read to be told: not again the next time.
            if standing == .current, var known = item.situation.known, let local, known.stamp != local.stamp {
                known.stamp = local.stamp.settled
                if known.stamp != nil { try await ledger.note(path, known) }
            }
        case .note(let version):
            try await ledger.note(path, KnownFile(version: version, stamp: local?.stamp.settled))
            report.change { $0.alike += 1 }
        case .forget: try await ledger.note(path, nil)
        case .conflict(let conflict): report.change { $0.conflicts.append(conflict) }
        case .hash, .upload, .deleteThere, .fetch, .removeHere: preconditionFailure()
        }
    }

    private func transfer(_ item: FilesPlan.Item, _ report: Gathered<FilesReport>) async throws {
        let (path, local) = (item.situation.path, item.situation.local)
        do {
            switch item.step {
            case .upload(let condition):
                let known = try await Uploader(run: self, path: path).push(condition)
                try await ledger.note(path, known)
                report.change { $0.pushed.append(path) }
            case .deleteThere(let tag):
                do {
                    _ = try await retrying { try await server.delete(path, tag: tag) }
                } catch AssetClientError.notThere {
                    // It is gone: perhaps by this very run, whose answer was lost.
                } catch AssetClientError.stale(let newest) where newest?.isDeleted == true {
                }
                try await ledger.note(path, nil)
                report.change { $0.deleted.append(path) }
            case .fetch(let version):
                let pulled = try await Downloader(run: self, version: version).pull(over: local)
                try await ledger.note(path, pulled.known, renamedIn: pulled.folder)
                report.change { report in
                    report.pulled.append(path)
                    if pulled.isFromCache { report.fromCache += 1 }
                }
            case .removeHere:
                try await onDiskThread { [folder] in
                    guard try folder.tree.stamp(path) == local?.stamp else {
                        throw AssetClientError.changedMeanwhile(path)
                    }
                    try folder.tree.remove(path)
                }
                try await ledger.note(path, nil)
                report.change { $0.removed.append(path) }
            case .hash, .nothing, .note, .forget, .conflict: preconditionFailure()
            }
            progress.addFile()
        } catch AssetClientError.stale(let newest) {
            let situation = item.situation
            let here: FileConflict.Change = local == nil ? .removed : situation.known == nil ? .new : .changed
            let conflict = FileConflict(path: path, here: here, known: situation.known?.version, newest: newest)
            report.change { $0.conflicts.append(conflict) }
        } catch let error as AssetClientError {
            report.change { report in
                switch error {
                case .locked, .refused, .broken, .unreachable:
                    report.stop = report.stop ?? error
                    report.notDone += 1
                default: report.failures.append(.init(name: path.description, reason: "\(error)"))
                }
            }
        } catch let error as SystemError {
            let error = AssetClientError.unwritable(path, cause: "\(error)")
            report.change { $0.failures.append(.init(name: path.description, reason: "\(error)")) }
        }
    }
}

extension FilesPlan.Item {
    fileprivate var isTransfer: Bool {
        switch step {
        case .upload, .deleteThere, .fetch, .removeHere: true
        case .hash, .nothing, .note, .forget, .conflict: false
        }
    }

    fileprivate var isDeletion: Bool { if case .deleteThere = step { true } else { false } }

    fileprivate var isFetch: Bool { if case .fetch = step { true } else { false } }

    /// What is to travel.
    fileprivate var bytes: Int {
        switch step {
        case .upload: situation.local?.stamp.size ?? 0
        case .fetch(let version): version.size ?? 0
        default: 0
        }
    }
}

extension FileStamp {
    /// `nil` while it may not tell the next change.
    var settled: FileStamp? { isYoung(at: Self.now) ? nil : self }
}
