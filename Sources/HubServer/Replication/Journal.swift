import HubProtocol
import MQTTSession
import Replication
import StateStore

/// Gathers what is to be stored, and writes it in one piece whenever the disk is free.
@SessionLoop
final class Journal {
    /// What is in the store now of what was to be confirmed.
    var onWritten: @SessionLoop ([Publisher: UInt64]) -> Void = { _ in }
    /// Why nothing can be stored; `nil` when it can be again.
    var onError: @SessionLoop (StateStoreError?) -> Void = { _ in }

    private let store: StateStore
    private var changes = StateStore.Changes()
    /// To be confirmed once what came before it is in the store.
    private var awaiting: [Publisher: UInt64] = [:]
    private var mustSurvivePowerLoss = false
    private var isWriting = false
    /// What is gathered belongs together, and is not all there yet.
    var isHeld = false
    private var lastDurable = ContinuousClock.now
    private let pause = LoopTimer()
    private let retry = LoopTimer()

    /// What nobody waits for may wait for more.
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

    func confirm(_ progress: [Publisher: UInt64], survivesPowerLoss: Bool) {
        awaiting.merge(progress) { max($0, $1) }
        mustSurvivePowerLoss = mustSurvivePowerLoss || survivesPowerLoss
    }

    /// Writes at once what somebody waits for, the rest a little later.
    func flush(counter: UInt64, atPeer: UInt64) {
        changes.counter = counter
        changes.counterAtPeer = atPeer
        guard !isWriting, !isHeld, !retry.isScheduled, !changes.isEmpty || !awaiting.isEmpty else { return }
        if !awaiting.isEmpty {
            pause.cancel()
            write()
        } else if !pause.isScheduled {
            pause.schedule(after: Self.gathering) { [weak self] in self?.write() }
        }
    }

    private func write() {
        guard !isWriting, !isHeld else { return }
        isWriting = true
        let (written, confirmed) = (changes, awaiting)
        changes = StateStore.Changes()
        changes.counter = written.counter
        changes.counterAtPeer = written.counterAtPeer
        let isDurable = mustSurvivePowerLoss || ContinuousClock.now - lastDurable > Self.longestUnsynced
        (awaiting, mustSurvivePowerLoss) = ([:], false)
        store.write(written, survivesPowerLoss: isDurable) { error in
            Task { @SessionLoop [weak self] in
                guard let self else { return }
                self.isWriting = false
                if let error { return self.failed(error, written, confirmed, isDurable) }
                if isDurable { self.lastDurable = .now }
                self.onError(nil)
                if !confirmed.isEmpty { self.onWritten(confirmed) }
                self.flush(counter: self.changes.counter, atPeer: self.changes.counterAtPeer)
            }
        }
    }

    /// Nothing is lost: what could not be written is written with what came later.
    private func failed(
        _ error: StateStoreError, _ written: StateStore.Changes, _ unconfirmed: [Publisher: UInt64], _ isDurable: Bool
    ) {
        onError(error)
        var merged = written
        merged.retained.merge(changes.retained) { $1 }
        for topic in changes.forgotten { merged.retained[topic] = nil }
        merged.forgotten.formUnion(changes.forgotten)
        merged.forgotten.subtract(changes.retained.keys)
        merged.publishers.merge(changes.publishers) { $1 }
        (merged.counter, merged.counterAtPeer) = (changes.counter, changes.counterAtPeer)
        changes = merged
        confirm(unconfirmed, survivesPowerLoss: isDurable)
        retry.schedule(after: .seconds(1)) { [weak self] in self?.write() }
    }
}
