import FailoverCore
import HubProtocol

/// Whether a failover would be safe now, as seen from one server.
struct Readiness {
    /// What is known of keys.
    struct Keys {
        var hasKeys: Bool
        /// Between the servers.
        var differ: Bool
        var areEnding: Bool
    }

    let missing: [HubState.Missing]
    let warnings: [HubState.Warning]

    init(
        _ coordinator: Coordinator, machines: MachineTable, replication: ServerReplicator.Status,
        licenses: ServerLicenses.Findings, keys: Keys
    ) {
        let record = coordinator.record
        var missing: [HubState.Missing] = []
        let isPaired = record?.mode == .paired
        if !coordinator.hasPair {
            missing.append(.backup)
        } else if !coordinator.isPeerHealthy {
            // A Backup that some client reaches is there.
            let isBackupThere = record?.backup.map { machines.isReached($0.name) } ?? false
            let isOwnFault = coordinator.phase == .active || coordinator.phase == .isolated
            missing.append(isOwnFault || isBackupThere ? .serverLink : .backupUnreachable)
        } else if !isPaired {
            missing.append(.backup)
        }
        if !replication.replication.isInSync { missing.append(.replication) }
        if let backup = record?.backup?.name, !machines.areAll(on: backup) {
            missing.append(.clientsWithoutBackup)
        }
        if licenses.refusal != nil { missing.append(.license) }
        if keys.differ { missing.append(.keysDiffer) }
        self.missing = missing
        // Most of them must be there for their votes to decide.
        let witnesses = record?.witnesses ?? []
        let attending = witnesses.count { machines.hearsBothServers($0.name) }
        warnings =
            (keys.hasKeys ? [] : [.noKeys]) + (isPaired && attending <= witnesses.count / 2 ? [.noWitness] : [])
            + (licenses.ending.isEmpty ? [] : [.licenseEnding]) + (keys.areEnding ? [.keysEnding] : [])
            + (replication.storeError == nil ? [] : [.diskSpace])
    }
}
