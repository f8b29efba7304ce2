import AssetHub
import AssetStore
import FailoverCore
import HubClient
import LocalState
import Logging
import Synchronization

/// The files that this server shares, if it does: Main's own, in its data folder. The show does not wait for them: a store that
/// cannot be opened is a reason for which files are locked, no more.
final class ServerFiles: Sendable {
    enum State: Sendable {
        /// This server has none to share.
        case none
        case opening
        /// Why, as a sentence.
        case failed(String)
        case open
    }

    let gate = FileGate { .now }
    /// Of the folder of files, with a slash at its end.
    let url: String?
    private let current: Mutex<State>
    private let path: String
    private let versions: Int
    private let log: Logger

    init(_ options: ServerOptions, url: String?, in folder: DataFolder, log: Logger) {
        self.url = options.role == .main ? url : nil
        path = folder.file("files")
        versions = options.fileVersions
        current = Mutex(self.url == nil ? .none : .opening)
        self.log = log
    }

    var state: State { current.withLock { $0 } }

    /// When HTTP has ended nobody reaches the files any more, and nobody is told that they were open.
    func close(_ assets: AssetHub?) {
        guard let assets else { return }
        current.withLock { $0 = .failed("its HTTP server has ended. Restart this server to share them again.") }
        assets.store.close()
    }

    /// - Returns: `nil` where there is nothing to share, or it cannot be opened, which the log says.
    func open() async -> AssetHub? {
        guard url != nil else { return nil }
        do throws(AssetStoreError) {
            let store = try AssetStore(folder: path, keep: versions)
            current.withLock { $0 = .open }
            return AssetHub(store: store, gate: gate)
        } catch {
            log.error("no files are shared: \(error) The show goes on without them.")
            current.withLock { $0 = .failed("\(error)") }
            return nil
        }
    }
}
