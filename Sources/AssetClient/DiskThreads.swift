import NIOPosix

/// Where disks are waited for, and contents hashed: none of Swift's own threads.
func onDiskThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await NIOThreadPool.singleton.runIfActive(body)
}
