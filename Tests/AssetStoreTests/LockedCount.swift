import Synchronization

/// How many are inside at this moment.
final class LockedCount: Sendable {
    private let count = Mutex(0)

    @discardableResult
    func change(by step: Int) -> Int {
        count.withLock { count in
            count += step
            return count
        }
    }
}
