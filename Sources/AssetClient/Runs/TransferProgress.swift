import Synchronization

/// How far a run has come.
public final class TransferProgress: Sendable {
    public struct State: Hashable, Sendable {
        public enum Phase: Hashable, Sendable {
            case comparing
            case transferring
        }

        public var phase = Phase.comparing
        public var files = 0
        public var filesDone = 0
        public var bytes = 0
        public var bytesDone = 0
        /// Of these, what did not have to travel.
        public var bytesFromCache = 0
    }

    private let content = Mutex(State())

    public init() {}

    public var state: State { content.withLock { $0 } }

    func begin(_ phase: State.Phase, files: Int, bytes: Int) {
        content.withLock { $0 = State(phase: phase, files: files, bytes: bytes) }
    }

    func add(bytes: Int) { content.withLock { $0.bytesDone += bytes } }

    func add(bytesFromCache bytes: Int) {
        content.withLock { state in
            state.bytesDone += bytes
            state.bytesFromCache += bytes
        }
    }

    func addFile() { content.withLock { $0.filesDone += 1 } }
}
