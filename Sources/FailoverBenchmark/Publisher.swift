import FailoverCore
import HubClient
import LocalSite
import MQTTSession

/// Publishes without a pause, each message when the one before was confirmed as replicated.
@SessionLoop
final class Publisher {
    private(set) var longestStall = Duration.zero
    private let hub: HubConnection
    private var isWanted = true
    private var publishing: Task<Void, any Error>?

    /// Returns when the first message is confirmed.
    init(hubs: [Endpoint], _ credentials: TLSCredentials?) async throws {
        hub = HubConnection(name: LocalSite.operatorName, hubs: hubs, credentials: credentials)
        try await hub.publish("benchmark/publisher", [])
        publishing = Task { @SessionLoop in try await self.publish() }
    }

    /// - Parameter span: it still publishes for so long.
    func stop(after span: Duration) async throws {
        try await Task.sleep(for: span)
        isWanted = false
        try await publishing?.value
        await hub.close()
    }

    private func publish() async throws {
        while isWanted {
            let start = ContinuousClock.now
            try await hub.publish("benchmark/publisher", [], retain: false)
            longestStall = max(longestStall, .now - start)
        }
    }
}
