import AssetStore

/// The files of a site, on its Main server: what is kept, and when it may change.
public struct AssetHub: Sendable {
    public let store: AssetStore
    public let gate: FileGate
    public let uploads: ResumableUploads

    public init(store: AssetStore, gate: FileGate) {
        self.store = store
        self.gate = gate
        // Each may hold a file as large as the disk, of which nobody else sees anything.
        uploads = ResumableUploads(store: store, limit: 256, patience: .seconds(600))
    }
}
