import MQTTSession

/// While there is a switch, this server and its hub go before all other work of their machine. At other times they do not: a
/// hub carries several times as much when it is not woken for each message of a machine beside it.
@SessionLoop
final class SwitchPriority {
    private let hub: Broker
    private let timer = LoopTimer()
    /// Every machine has followed by then.
    private static let span = Duration.seconds(1)

    init(of hub: Broker) { self.hub = hub }

    func begin() {
        // Whoever is isolated here runs on the loop's own thread.
        RealTimePriority.server.give(to: 0)
        hub.setPriority(.machine)
        timer.schedule(after: Self.span) { [weak self] in self?.end() }
    }

    func end() {
        timer.cancel()
        RealTimePriority.take(from: 0)
        hub.setPriority(nil)
    }
}
