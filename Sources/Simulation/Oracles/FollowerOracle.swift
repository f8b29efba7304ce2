import FailoverCore

/// I1 for clients: one hub an epoch for all of them, and none obeys a lower epoch after a higher one while it runs.
final class FollowerOracle {
    private(set) var violation: String?
    private var obeyed: [Epoch?]
    private var hubs: [Epoch: MachineName] = [:]

    init(clients: Int) { obeyed = Array(repeating: nil, count: clients) }

    /// A client that starts remembers nothing.
    func restarted(_ client: ClientMachine) { obeyed[client.node.index - 2] = nil }

    func check(_ client: ClientMachine, _ site: Site) {
        guard let epoch = client.follower.epoch else { return }
        let before = obeyed[client.node.index - 2]
        if let before, epoch < before {
            say("I1: \(client.node) obeys epoch \(epoch) after epoch \(before)")
        }
        obeyed[client.node.index - 2] = epoch
        guard let hub = client.follower.following else { return }
        if let known = hubs[epoch], known != hub {
            say("I1: in epoch \(epoch) \(client.node) follows \(hub), and somebody followed \(known)")
        }
        hubs[epoch] = hub
    }

    private func say(_ sentence: String) { violation = violation ?? sentence }
}
