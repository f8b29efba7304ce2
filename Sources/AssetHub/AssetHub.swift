import AssetStore

/// The files of a site, on its Main server: what is kept, and when it may change.
public struct AssetHub: Sendable {
    public let store: AssetStore
    public let gate: FileGate

    public init(store: AssetStore, gate: FileGate) {
        self.store = store
        self.gate = gate
    }
}
