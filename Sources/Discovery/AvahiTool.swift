import ChildProcess
import Synchronization

/// One of Avahi's command-line tools, as a child of this process.
struct AvahiTool {
    var name: String
    var arguments: [String]

    /// The pause between two attempts is longer each time.
    private static let pauses = Duration.seconds(1)...Duration.seconds(30)

    /// Runs it until it ends, or the task is cancelled.
    ///
    /// - Parameter onLine: gets each line that it prints, on standard output and on standard error.
    /// - Returns: why it could not do its work; `nil`: it did, as far as it says.
    func run(onLine: @Sendable (String) -> Void) async -> DiscoveryError? {
        let said = Mutex("")
        // What it says is looked at in English.
        let process = ChildProcess("env", arguments: ["LC_ALL=C", name] + arguments)
        do {
            let ending = try await process.run(reading: .everything) { line in
                if !line.isEmpty { said.withLock { $0 = line } }
                onLine(line)
            }
            let last = said.withLock { $0 }
            // Its exit code is 0 also when the daemon goes away.
            if ["Client failure", "Failed to create client object"].contains(where: last.hasPrefix) {
                return .notRunning(cause: last.split(separator: ": ").last.map(String.init) ?? last)
            }
            switch ending {
            case .exited(code: 0): return last.hasPrefix("Failed to add service") ? .failed(cause: last) : nil
            case .exited(code: 127): return .toolMissing(name)
            default: return .failed(cause: last.isEmpty ? "\(name): \(ending)" : last)
            }
        } catch {
            return .failed(cause: "\(error)")
        }
    }

    /// Runs it, and starts it again after a pause whenever it has ended, until the task is cancelled.
    ///
    /// - Parameters:
    ///   - onStart: called before each run.
    ///   - onEnd: gets the reason, before the pause.
    func keepRunning(
        onStart: () -> Void = {}, onLine: @Sendable (String) -> Void, onEnd: (DiscoveryError) -> Void
    ) async {
        var pause = Self.pauses.lowerBound
        while !Task.isCancelled {
            let start = ContinuousClock.now
            onStart()
            let problem = await run(onLine: onLine)
            guard !Task.isCancelled else { return }
            onEnd(problem ?? .failed(cause: "\(name) ended"))
            // Where there is no daemon it ends at once; one that had run for a while had work to do.
            if ContinuousClock.now - start > Self.pauses.lowerBound { pause = Self.pauses.lowerBound }
            do { try await Task.sleep(for: pause) } catch { return }
            pause = min(pause * 2, Self.pauses.upperBound)
        }
    }
}
