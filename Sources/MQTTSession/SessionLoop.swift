/// Isolation to the one thread that serves all MQTT sessions of this process.
///
/// What runs here must not block: while it runs, no session of the process is served.
@globalActor
public actor SessionLoop {
    public static let shared = SessionLoop()

    public nonisolated var unownedExecutor: UnownedSerialExecutor { EventLoop.shared.asUnownedSerialExecutor() }

    /// Runs `operation` at once, for code that is known to be on the loop's thread already, such as C callbacks.
    public static func assumeIsolated<Result: Sendable>(
        _ operation: @SessionLoop () throws -> Result
    ) rethrows -> Result {
        EventLoop.shared.checkIsolated()
        // As in the standard library's `MainActor.assumeIsolated`: the two types differ in isolation only.
        return try withoutActuallyEscaping(operation) {
            try unsafeBitCast($0, to: (() throws -> Result).self)()
        }
    }
}

/// A timer on the session loop. Ends when it is cancelled or when its owner lets go of it.
@SessionLoop
public final class LoopTimer {
    private var number: UInt64?

    public init() {}

    public var isScheduled: Bool { number != nil }

    /// Calls `body` once after `delay`; what was scheduled before is cancelled.
    public func schedule(after delay: Duration, _ body: @escaping @SessionLoop () -> Void) {
        cancel()
        number = EventLoop.shared.schedule(at: .now + delay) { [weak self] in
            SessionLoop.assumeIsolated {
                guard let self else { return }
                self.number = nil
                body()
            }
        }
    }

    public func cancel() {
        if let number { EventLoop.shared.cancel(number) }
        number = nil
    }
}
