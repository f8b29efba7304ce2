import MQTTSession

/// A change that this server publishes itself, until its hub has all of it and it is confirmed as replicated.
@SessionLoop
final class PendingChange {
    private let last: UInt64
    private var isAnswered = false
    private var isReplicated = false
    private let deadline = LoopTimer()
    private var continuation: CheckedContinuation<Bool, Never>?
    private var outcome: Bool?

    /// - Parameter last: the sequence number of its last message.
    init(last: UInt64) { self.last = last }

    /// - Returns: whether it was done in time.
    func wait(_ patience: Duration) async -> Bool {
        if let outcome { return outcome }
        deadline.schedule(after: patience) { [weak self] in self?.end(false) }
        return await withCheckedContinuation { continuation = $0 }
    }

    func answered(_ sequence: UInt64) {
        isAnswered = isAnswered || sequence >= last
        if isAnswered, isReplicated { end(true) }
    }

    func confirmed(_ sequence: UInt64) {
        isReplicated = isReplicated || sequence >= last
        if isAnswered, isReplicated { end(true) }
    }

    func end(_ isDone: Bool) {
        guard outcome == nil else { return }
        outcome = isDone
        deadline.cancel()
        continuation?.resume(returning: isDone)
        continuation = nil
    }
}
