import Dispatch
import Synchronization

/// Collects bytes as they come, and works on block after block while the next one fills.
///
/// Each worker has a thread's turn of its own, and gets all blocks in their order: what one waits for holds up no other.
final class BlockStream: Sendable {
    typealias Worker = @Sendable (Block) throws -> Void

    /// In memory at once.
    private static let most = 3

    private struct State {
        var free: [Block] = []
        var made = 0
        /// How many workers still have it, by block.
        var users: [ObjectIdentifier: Int] = [:]
        var waiter: CheckedContinuation<Block, Never>?
        var failure: (any Error)?
    }

    private let workers: [(queue: DispatchQueue, work: Worker)]
    private let filling = Mutex<Block?>(nil)
    private let state = Mutex(State())

    init(_ workers: [Worker]) {
        self.workers = workers.map { (DispatchQueue(label: "block stream"), $0) }
    }

    /// Waits where blocks fill faster than they are worked on. One call at a time, as with `finish`.
    ///
    /// - Throws: what a worker threw, perhaps for bytes of an earlier call. Nothing is worked on any more then.
    func append(_ bytes: some Collection<UInt8>) async throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let block = await block
            rest = rest.dropFirst(block.fill(from: rest))
            guard block.isFull else { continue }
            filling.withLock { $0 = nil }
            try handOn(block)
        }
    }

    /// Hands on what is left, and runs `body` on the last worker's thread when all are done.
    ///
    /// - Throws: what a worker threw, or `body`.
    func finish<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        if let block = filling.withLock({ $0.take() }) { try handOn(block) }
        return try await afterAll {
            if let failure = self.state.withLock({ $0.failure }) { throw failure }
            return try body()
        }
    }

    /// Waits until all workers are done with what they have, and keeps no memory but what is being filled.
    func rest() async {
        for worker in workers {
            await withCheckedContinuation { continuation in worker.queue.async { continuation.resume() } }
        }
        freeBlocks()
    }

    private func freeBlocks() {
        state.withLock { state in
            state.made -= state.free.count
            state.free = []
        }
    }

    /// Runs `body` on the last worker's thread when all are done with what they have. No memory is kept for more.
    func afterAll<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        for worker in workers.dropLast() {
            await withCheckedContinuation { continuation in worker.queue.async { continuation.resume() } }
        }
        return try await withCheckedThrowingContinuation { continuation in
            workers.last!.queue.async {
                self.filling.withLock { $0 = nil }
                self.freeBlocks()
                continuation.resume(with: Swift.Result { try body() })
            }
        }
    }

    /// The one that fills.
    private var block: Block {
        get async {
            if let block = filling.withLock({ $0 }) { return block }
            let block = await withCheckedContinuation { continuation in
                state.withLock { state in
                    if let block = state.free.popLast() { return continuation.resume(returning: block) }
                    guard state.made == Self.most else {
                        state.made += 1
                        return continuation.resume(returning: Block())
                    }
                    state.waiter = continuation
                }
            }
            filling.withLock { $0 = block }
            return block
        }
    }

    private func handOn(_ block: Block) throws {
        try state.withLock { state in
            if let failure = state.failure {
                state.made -= 1
                throw failure
            }
            state.users[ObjectIdentifier(block)] = workers.count
        }
        for worker in workers {
            worker.queue.async {
                if self.state.withLock({ $0.failure == nil }) {
                    do { try worker.work(block) } catch { self.state.withLock { $0.failure = $0.failure ?? error } }
                }
                self.release(block)
            }
        }
    }

    private func release(_ block: Block) {
        let waiter: CheckedContinuation<Block, Never>? = state.withLock { state in
            state.users[ObjectIdentifier(block)]! -= 1
            guard state.users[ObjectIdentifier(block)] == 0 else { return nil }
            block.empty()
            guard let waiter = state.waiter else {
                state.free.append(block)
                return nil
            }
            state.waiter = nil
            return waiter
        }
        waiter?.resume(returning: block)
    }
}
