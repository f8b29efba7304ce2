import Discovery
import FailoverCore
import HubProtocol
import MQTTSession

/// What this server says of its hub and of itself.
extension ServerCoordinator {
    func publish() {
        // Who speaks, and of which site, comes before what it says.
        board.publish(
            .hubServer,
            HubServer(
                role: options.role, session: identity.session, address: identity.address, main: mainOfPair,
                license: licenses.token, files: files.url))
        let record = coordinator.record
        let before: HubActive? = board.last(.hubActive)
        // It first appears when this server knows who acts, and says from then on that this one has stood down.
        let isKnown = coordinator.phase != .isolated || coordinator.isActive || before != nil
        let active = record.flatMap { record in
            isKnown
                ? HubActive(record: record, standsDown: record.holder == options.name && !coordinator.isActive) : nil
        }
        // Every client gets the pair, and while it follows another hub it has something better to do.
        if let before, let active, before.hub != active.hub {
            pairTimer.schedule(after: .milliseconds(20)) { [weak self] in self?.publishPair() }
        } else if !pairTimer.isScheduled {
            publishPair()
        }
        if let active { board.publish(.hubActive, active) }
        let replication = replicator.status
        let readiness = Readiness(
            coordinator, machines: machines, replication: replication, licenses: licenses.findings(at: .now),
            keys: .init(hasKeys: keys != nil, differ: peer.keysDiffer, areEnding: areKeysEnding))
        board.publish(
            .hubState,
            HubState(
                epoch: record?.epoch, phase: coordinator.phase, hasPair: coordinator.hasPair,
                missing: readiness.missing, warnings: readiness.warnings,
                messagesBehind: coordinator.hasPair || candidate != nil ? replication.replication.messagesBehind : nil))
        board.publish(.hubHistory, history)
        board.publish(.hubFiles, hubFiles)
        if let keys { board.publish(.hubKeys, HubKeys(revoked: keys.tokens)) }
        announce()
    }

    func publishPair() {
        pairTimer.cancel()
        board.publish(
            .hubPair,
            HubPair(
                record: coordinator.record, own: identity.address, role: options.role, isPairing: coordinator.canPair,
                isOutside: coordinator.isOutside, added: candidate?.address, returns: options.returns))
    }

    /// Whether the key of a machine that is there ends soon, this server's own among them.
    private var areKeysEnding: Bool { keys?.areEnding(machines.keyExpiries, at: .now) ?? false }

    /// The Main server whose Backup this one is.
    var mainOfPair: MachineName? {
        guard options.role == .backup, let record = coordinator.record, record.backup?.name == options.name else {
            return nil
        }
        return record.main?.name
    }

    /// What others can find out of this server before they know its address.
    private func announce() {
        let announcement = ServerAnnouncement(
            name: options.name, role: options.role,
            site: options.role == .main ? options.name : mainOfPair ?? peerName,
            isPaired: options.role == .main ? coordinator.partner != nil : mainOfPair != nil, address: onlyAddress,
            port: options.port)
        guard announcement != announced else { return }
        announced = announcement
        onAnnouncement(announcement)
    }
}
