import AssetProtocol

/// How one file stands: what it was, what it is here, and what it is on the server. What is to be done follows from nothing
/// else.
public struct FileSituation: Hashable, Sendable {
    public let path: StoragePath
    /// `nil`: it was never pushed or pulled here. A file of which the server knows nothing at all, not even a deletion, counts
    /// the same: its files were lost, or it is another server, and nothing may be removed here for that.
    public let known: KnownFile?
    public var local: LocalFile?
    public let remote: FileEntry?

    public init(path: StoragePath, known: KnownFile?, local: LocalFile?, remote: FileEntry?) {
        self.path = path
        self.known = remote == nil ? nil : known
        self.local = local
        self.remote = remote
    }

    private enum Here {
        case unknown
        case absent
        /// As it was when it was pulled or pushed last.
        case unchanged
        case changed
        case removed
        /// There is no version that it comes from.
        case new
    }

    private var here: Here {
        guard let known, let content = known.version.content else { return local == nil ? .absent : .new }
        guard let local else { return .removed }
        guard let isSame = local.has(content) else { return .unknown }
        return isSame ? .unchanged : .changed
    }

    private var hasNews: Bool { known?.version.tag != remote?.tag }

    private func conflict(_ change: FileConflict.Change) -> FileStep {
        .conflict(FileConflict(path: path, here: change, known: known?.version, newest: remote))
    }

    /// The same content here and there; `nil`: only reading the file could tell.
    private var isSame: Bool? {
        guard let local, let content = remote?.content else { return false }
        return local.has(content)
    }
}

extension FileSituation {
    /// - Parameters:
    ///   - deletes: files that were removed here are deleted there.
    ///   - force: this machine's word counts where both sides changed a file.
    public func pushStep(deletes: Bool, force: Bool) -> FileStep {
        let here = here
        if here == .unknown { return .hash }
        guard local != nil else { return stepForRemoved(here, deletes: deletes, force: force) }
        guard let isSame else { return .hash }
        if isSame { return hasNews ? .note(remote!) : .nothing(.current) }
        switch here {
        case .unchanged: return .nothing(.newerThere)
        case .changed where !hasNews: return .upload(.newestIs(tag: remote!.tag))
        case .new where remote?.content == nil: return .upload(.doesNotExist)
        default: return force ? .upload(.none) : conflict(here == .new ? .new : .changed)
        }
    }

    private func stepForRemoved(_ here: Here, deletes: Bool, force: Bool) -> FileStep {
        guard here == .removed else { return .nothing(remote?.content == nil ? .current : .newerThere) }
        guard remote?.content != nil else { return .forget }
        guard deletes else { return .nothing(.removedHere) }
        guard hasNews else { return .deleteThere(tag: remote!.tag) }
        return force ? .deleteThere(tag: nil) : conflict(.removed)
    }

    /// - Parameter force: the server's word counts where both sides changed a file.
    public func pullStep(force: Bool) -> FileStep {
        guard let remote else { return .nothing(local == nil ? .current : .onlyHere) }
        let here = here
        if here == .unknown { return .hash }
        guard let isSame else { return .hash }
        if isSame { return hasNews ? .note(remote) : .nothing(.current) }
        let isThere = remote.content != nil
        switch here {
        case .absent: return isThere ? .fetch(remote) : .nothing(.current)
        case .unchanged: return isThere ? .fetch(remote) : .removeHere(remote)
        case .new where !isThere: return .nothing(.onlyHere)
        case .removed where !isThere: return .forget
        case .removed where !hasNews, .changed where !hasNews:
            return .nothing(here == .removed ? .removedHere : .changedHere)
        default:
            if force { return isThere ? .fetch(remote) : .removeHere(remote) }
            return conflict(here == .removed ? .removed : here == .new ? .new : .changed)
        }
    }

    /// As it is on the server, whatever it is here. Files that only this folder has stay.
    public func resetStep() -> FileStep {
        guard let remote else { return .nothing(local == nil ? .current : .onlyHere) }
        let here = here
        if here == .unknown { return .hash }
        guard let isSame else { return .hash }
        if isSame { return hasNews ? .note(remote) : .nothing(.current) }
        guard remote.content == nil else { return .fetch(remote) }
        switch here {
        case .removed: return .forget
        case .unchanged, .changed: return .removeHere(remote)
        case .new: return .nothing(.onlyHere)
        case .absent, .unknown: return .nothing(.current)
        }
    }

    /// Whether `resetStep` throws away what was made here.
    public var losesByReset: Bool {
        switch resetStep() {
        case .fetch, .removeHere: here == .changed || here == .new
        default: false
        }
    }
}
