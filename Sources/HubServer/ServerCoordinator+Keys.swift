import FailoverCore
import HubProtocol
import MQTTSession

/// What changes with keys while the server runs.
extension ServerCoordinator {
    func reviewKeys() {
        guard let keys else { return }
        agent.keyExpires = UTCTime(keys.key.expires)
        if keys.isOwnRevoked { leaveRevoked() }
        publish()
    }

    /// It ends, but does not take the show off the air.
    private func leaveRevoked() {
        guard stopsFor == nil else { return }
        let error = ServerError.keyRevoked(name: options.name)
        guard !coordinator.isActive || coordinator.isPeerHealthy else {
            log.error("\(error) It goes on for now, because no other server could act.")
            return
        }
        log.error("\(error)")
        stopsFor = error
        handle(.stopRequested)
    }

    func revoke(_ command: KeysRevokeCommand) async -> CommandResponse {
        guard let keys else {
            return .refused(.keysDiffer, "this server has no keys, and so nothing to revoke. Start it with --keys.")
        }
        switch await keys.add(command.revocation) {
        case .remembered: return .ok
        case .notOfThisSite:
            return .refused(
                .keysDiffer,
                "this was not signed by the authority of the site \(keys.key.site). Name the right --site.")
        case .tooMany:
            return .refused(
                .malformed,
                "this site has revoked as many keys as it can remember. Make a new site (understudy keys create), and new keys for all machines."
            )
        case .failed(let error): return .refused(.unreachable, "\(error)")
        }
    }

    /// What the other server knows is known here.
    func remember(_ tokens: [String]) {
        guard let keys else { return }
        Task { @SessionLoop in for token in tokens { _ = await keys.add(token) } }
    }
}
