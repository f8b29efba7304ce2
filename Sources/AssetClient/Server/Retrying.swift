/// Tries again when the way to the server broke, after growing pauses.
///
/// - Parameter body: may be done twice where only the answer was lost.
func retrying<Result>(_ body: () async throws -> Result) async throws -> Result {
    for pause in retryPauses {
        do { return try await body() } catch AssetClientError.broken { try await Task.sleep(for: pause) }
    }
    return try await body()
}

let retryPauses: [Duration] = [.milliseconds(100), .milliseconds(400), .seconds(1), .seconds(2)]
