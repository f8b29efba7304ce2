import AssetProtocol

/// What became of a push, a pull or a reset.
public struct FilesReport: Sendable {
    public internal(set) var pushed: [StoragePath] = []
    public internal(set) var pulled: [StoragePath] = []
    /// Of those that were pulled: from this machine's cache.
    public internal(set) var fromCache = 0
    /// On the server.
    public internal(set) var deleted: [StoragePath] = []
    /// Here, since they were deleted on the server.
    public internal(set) var removed: [StoragePath] = []
    /// Changed here and there alike: nothing had to travel.
    public internal(set) var alike = 0
    public internal(set) var kept: [FileStep.Standing: Int] = [:]
    public internal(set) var conflicts: [FileConflict] = []
    public internal(set) var failures: [Failure] = []
    /// Symbolic links and what else is no file.
    public internal(set) var leftOut = 0
    /// What travelled, in bytes.
    public internal(set) var bytes = 0
    /// Why the run ended early; `nil`: it did not.
    public internal(set) var stop: AssetClientError?
    /// Files that nothing was done about for that.
    public internal(set) var notDone = 0

    /// The same, ended for a reason that was found out afterwards.
    public func stopped(by error: AssetClientError) -> Self {
        var report = self
        report.stop = error
        return report
    }

    public struct Failure: Hashable, Sendable {
        public let name: String
        /// A sentence.
        public let reason: String
    }
}
