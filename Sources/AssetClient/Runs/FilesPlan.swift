import AssetProtocol

/// What a run is going to do: a step for every file that is meant.
public struct FilesPlan: Sendable {
    struct Item: Sendable {
        var situation: FileSituation
        var step: FileStep
    }

    var items: [Item]
    var report: FilesReport

    /// Nothing was found of what was meant, here or there.
    public var isEmpty: Bool { items.isEmpty && report.failures.isEmpty && report.leftOut == 0 }

    /// Files whose changes here are thrown away by a reset.
    public var losses: [StoragePath] { items.filter(\.situation.losesByReset).map(\.situation.path) }
}

/// How one file's step is chosen.
public enum FilesIntent: Hashable, Sendable {
    /// See `FileSituation.pushStep`.
    case push(deletes: Bool, force: Bool)
    /// See `FileSituation.pullStep`.
    case pull(force: Bool)
    case reset

    func step(_ situation: FileSituation) -> FileStep {
        switch self {
        case .push(let deletes, let force): situation.pushStep(deletes: deletes, force: force)
        case .pull(let force): situation.pullStep(force: force)
        case .reset: situation.resetStep()
        }
    }
}

extension FilesRun {
    /// Compares: reads the names of the folder, the server's list, and those files whose content alone can tell.
    ///
    /// - Throws: `AssetClientError`.
    public func plan(_ intent: FilesIntent, _ selection: FileSelection) async throws -> FilesPlan {
        async let listed = list(selection)
        let folder = folder
        let (scan, known) = try await onDiskThread {
            do {
                return (try FolderScan(folder.tree, selection), try folder.state.knownFiles())
            } catch let error as SystemError {
                throw AssetClientError.noFolder(path: folder.path, cause: "\(error)")
            } catch {
                throw AssetClientError.stateDamaged(folder: folder.path, cause: "\(error)")
            }
        }
        let remote = try await listed
        let isUncertain = { (path: StoragePath) in scan.files[path] == nil && !scan.isCertain(of: path) }
        var paths = Set(scan.files.keys)
        paths.formUnion(known.keys.filter(selection.contains))
        paths.formUnion(remote.keys)
        let unseen = paths.filter(isUncertain)
        let situations = paths.subtracting(unseen).sorted().map { path in
            let base = known[path]
            let local = scan.files[path].map { stamp in
                LocalFile(stamp: stamp, digest: base?.stamp == stamp ? base?.version.sha256 : nil)
            }
            return FileSituation(path: path, known: base, local: local, remote: remote[path])
        }
        var report = FilesReport()
        report.leftOut = scan.leftOut
        if case .push = intent { report.failures = scan.faults.map { .init(name: $0.name, reason: $0.reason) } }
        // Neither here nor there is anything changed for them.
        report.failures += unseen.sorted().map {
            .init(
                name: $0.description,
                reason: "it cannot be told whether it is here: what is in its place is a link, or cannot be read.")
        }
        return try await compare(situations, intent, report)
    }

    /// The newest version of every file that is meant, by path.
    private func list(_ selection: FileSelection) async throws -> [StoragePath: FileEntry] {
        var files: [StoragePath: FileEntry] = [:]
        for prefix in selection.prefixes {
            do {
                for file in try await server.listing(prefix: prefix, withDeletions: true).files
                where selection.contains(file.path) { files[file.path] = file }
            } catch AssetClientError.broken(let cause) {
                throw AssetClientError.unreachable(url: server.url, cause: cause)
            }
        }
        return files
    }

    /// Reads what must be read to know what is to be done.
    private func compare(
        _ situations: [FileSituation], _ intent: FilesIntent, _ report: FilesReport
    ) async throws -> FilesPlan {
        let undecided = situations.filter { intent.step($0) == .hash }
        progress.begin(
            .comparing, files: undecided.count, bytes: undecided.reduce(0) { $0 + ($1.local?.stamp.size ?? 0) })
        let hashed = Gathered<[StoragePath: Result<LocalFile, AssetClientError>]>([:])
        try await forEach(undecided, width: Self.hashers) { [self] situation in
            let path = situation.path
            let result = try await onDiskThread { self.hash(path) }
            hashed.change { $0[path] = result }
            progress.add(bytes: situation.local?.stamp.size ?? 0)
            progress.addFile()
        }
        let results = hashed.value
        var plan = FilesPlan(items: [], report: report)
        for var situation in situations {
            switch results[situation.path] {
            case .success(let local)?: situation.local = local
            case .failure(let error)?:
                plan.report.failures.append(.init(name: situation.path.description, reason: "\(error)"))
                continue
            case nil: break
            }
            plan.items.append(.init(situation: situation, step: intent.step(situation)))
        }
        return plan
    }

    private func hash(_ path: StoragePath) -> Result<LocalFile, AssetClientError> {
        do {
            let file = try folder.tree.open(path)
            let stamp = FileStamp(try file.status())
            let digest = try file.digest(of: stamp.size)
            guard FileStamp(try file.status()) == stamp else { return .failure(.changedMeanwhile(path)) }
            return .success(LocalFile(stamp: stamp, digest: digest))
        } catch {
            return .failure(.unreadable(path, cause: "\(error)"))
        }
    }

    private static let hashers = 2
}
