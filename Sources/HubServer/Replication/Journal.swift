import HubProtocol
import MQTTSession
import Replication
import StateStore

/// Gathers what is to be stored, and writes it in one piece whenever the disk is free.
@SessionLoop
final class Journal {
    /// Safe by this server's word alone, and on disk now.
    var onWritten: @SessionLoop ([Publisher: UInt64]) -> Void = { _ in }
    /// Why nothing can be stored; `nil` when it can be again.
    var onError: @SessionLoop (StateStoreError?) -> Void = { _ in }

    private let store: StateStore
    private var changes = StateStore.Changes()
    /// To be confirmed once what came before it is on disk.
    private var awaiting: [Publisher: UInt64] = [:]
    private var isWriting = false
    private var lastDurable = ContinuousClock.now
    private let pause = LoopTimer()
    private let retry = LoopTimer()

    /// While both servers have everything, the disk may wait for more.
    private static let gathering = Duration.milliseconds(10)
    private static let longestUnsynced = Duration.seconds(1)

    init(_ store: StateStore) { self.store = store }

    func note(_ write: Write) {
        changes.retained[write.message.topic] = write
        changes.forgotten.remove(write.message.topic)
    }

    func forget(_ topic: String) {
        changes.retained[topic] = nil
        changes.forgotten.insert(topic)
    }

    func note(_ publisher: Publisher, received: UInt64) { changes.publishers[publisher] = received }

    func confirm(_ progress: [Publisher: UInt64]) { awaiting.merge(progress) { max($0, $1) } }

    /// Writes at once what somebody waits for, the rest a little later.
    func flush(counter: UInt64, atPeer: UInt64) {
        changes.counter = counter
        changes.counterAtPeer = atPeer
        guard !isWriting, !retry.isScheduled, !changes.isEmpty || !awaiting.isEmpty else { return }
        if !awaiting.isEmpty {
            pause.cancel()
            write()
        } else if !pause.isScheduled {
            pause.schedule(after: Self.gathering) { [weak self] in self?.write() }
        }
    }

    private func write() {
        guard !isWriting else { return }
        isWriting = true
        let (written, confirmed) = (changes, awaiting)
        changes = StateStore.Changes()
        changes.counter = written.counter
        changes.counterAtPeer = written.counterAtPeer
        awaiting = [:]
        let isDurable = !confirmed.isEmpty || ContinuousClock.now - lastDurable > Self.longestUnsynced
        store.write(written, survivesPowerLoss: isDurable) { error in
            Task { @SessionLoop [weak self] in
                guard let self else { return }
                self.isWriting = false
                if let error { return self.failed(error, written, confirmed) }
                if isDurable { self.lastDurable = .now }
                self.onError(nil)
                if !confirmed.isEmpty { self.onWritten(confirmed) }
                self.flush(counter: self.changes.counter, atPeer: self.changes.counterAtPeer)
            }
        }
    }

    /// Nothing is lost: what could not be written is written with what came later.
    private func failed(_ error: StateStoreError, _ written: StateStore.Changes, _ unconfirmed: [Publisher: UInt64]) {
        onError(error)
        var merged = written
        merged.retained.merge(changes.retained) { $1 }
        for topic in changes.forgotten { merged.retained[topic] = nil }
        merged.forgotten.formUnion(changes.forgotten)
        merged.forgotten.subtract(changes.retained.keys)
        merged.publishers.merge(changes.publishers) { $1 }
        (merged.counter, merged.counterAtPeer) = (changes.counter, changes.counterAtPeer)
        changes = merged
        awaiting.merge(unconfirmed) { max($0, $1) }
        retry.schedule(after: .seconds(1)) { [weak self] in self?.write() }
    }
}
