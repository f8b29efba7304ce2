import AssetProtocol
import FailoverCore

/// What is asked of the store: a version that it does not have yet.
struct Change: Sendable {
    let path: StoragePath
    let author: MachineName
    /// `nil` for a deletion.
    let content: FileVersion.Content?
    /// Where the content lies, synced.
    let file: String?
    let precondition: Precondition
    let gate: @Sendable () throws -> Void
}
