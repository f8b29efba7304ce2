import FailoverCore
import Synchronization

/// Whether files may change here, and be handed out, at this moment. The coordinator moves it; whoever asks may be on any
/// thread, and gets the truth also when the coordinator's own thread hangs: the gate closes with the lease (I7).
public final class FileGate: Sendable {
    /// Was let in, and belongs to the time until the gate closes next. What begins before that and ends after must not
    /// count: the other server may have acted meanwhile.
    public struct Pass: Hashable, Sendable {
        fileprivate let tenure: Int
    }

    /// The gate is closed.
    public struct Locked: Error, Hashable, Sendable, CustomStringConvertible {
        /// The site's newest epoch, where this server knows one.
        public let epoch: Epoch?
        /// Why, and what to wait for, as a sentence.
        public let reason: String

        public var description: String { reason }
    }

    private struct State {
        var openUntil: MonotonicTime?
        var tenure = 0
        var epoch: Epoch?
        var reason = "this server has just started, and does not know yet which hub is active. Try again in a moment."
    }

    private let state = Mutex(State())
    private let now: @Sendable () -> MonotonicTime

    public init(now: @escaping @Sendable () -> MonotonicTime) { self.now = now }

    /// - Parameters:
    ///   - end: see `Coordinator.filesOpenUntil(at:)`.
    ///   - reason: why it is closed, or would be if the lease ended now.
    public func move(openUntil end: MonotonicTime?, epoch: Epoch?, reason: String) {
        let now = now()
        state.withLock { state in
            if let before = state.openUntil, end == nil || before <= now { state.tenure += 1 }
            (state.openUntil, state.epoch, state.reason) = (end, epoch, reason)
        }
    }

    /// - Throws: `Locked`.
    public func enter() throws(Locked) -> Pass {
        let now = now()
        return try state.withLock { state throws(Locked) in
            try Self.check(state, at: now)
            return Pass(tenure: state.tenure)
        }
    }

    /// Asked again before something is accepted, and after it is on disk.
    ///
    /// - Throws: `Locked`, also where the gate was closed and is open again.
    public func check(_ pass: Pass) throws(Locked) {
        let now = now()
        try state.withLock { state throws(Locked) in
            try Self.check(state, at: now)
            guard state.tenure == pass.tenure else {
                throw Locked(
                    epoch: state.epoch,
                    reason:
                        "this server stood down for a moment while this was under way, and takes nothing that began before. "
                        + "Files are open again: try again.")
            }
        }
    }

    private static func check(_ state: State, at now: MonotonicTime) throws(Locked) {
        guard let end = state.openUntil, now < end else { throw Locked(epoch: state.epoch, reason: state.reason) }
    }
}
