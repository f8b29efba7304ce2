import AssetProtocol

/// What is known of files from now on. It is written in batches: what a kill takes of one is told by contents the next time.
actor Ledger {
    private let state: FolderState
    private var changes: [StoragePath: KnownFile?] = [:]
    /// In which something was renamed, by path: it lasts before anything is known of it.
    private var folders: [String: OpenDescriptor] = [:]

    init(_ state: FolderState) { self.state = state }

    /// - Parameters:
    ///   - known: `nil`: the file is forgotten.
    ///   - folder: that the file was just renamed into.
    func note(_ path: StoragePath, _ known: KnownFile?, renamedIn folder: OpenDescriptor? = nil) async throws {
        changes[path] = .some(known)
        if let folder { folders[path.folders.last?.description ?? ""] = folder }
        if changes.count >= Self.batch { try await write() }
    }

    func write() async throws {
        let (changes, folders) = (changes, folders)
        (self.changes, self.folders) = ([:], [:])
        guard !changes.isEmpty else { return }
        try await onDiskThread { [state] in
            for folder in folders.values { try folder.sync() }
            try state.apply(changes)
        }
    }

    private static let batch = 256
}
