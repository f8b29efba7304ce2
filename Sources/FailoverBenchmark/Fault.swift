import ArgumentParser
import Glibc
import LocalSite

/// What is done to a site, of real processes.
enum Fault: String, ExpressibleByArgument, CaseIterable {
    case mainKilled = "main-killed"
    case mainHung = "main-hung"
    case mainUnplugged = "main-unplugged"
    case hubBrokerHung = "hub-broker-hung"
    case backupKilled = "backup-killed"
    case backupHung = "backup-hung"
    case backupUnplugged = "backup-unplugged"

    var description: String {
        switch self {
        case .mainKilled: "Main killed (SIGKILL to it and its brokers)"
        case .mainHung: "Main hung (SIGSTOP to it and its brokers)"
        case .mainUnplugged: "Main's cable pulled"
        case .hubBrokerHung: "Main's hub broker alone hung"
        case .backupKilled: "Backup killed"
        case .backupHung: "Backup hung"
        case .backupUnplugged: "Backup's cable pulled"
        }
    }

    var needsNetwork: Bool { self == .mainUnplugged || self == .backupUnplugged }

    /// The others hit the Backup.
    var hitsMain: Bool {
        switch self {
        case .mainKilled, .mainHung, .mainUnplugged, .hubBrokerHung: true
        case .backupKilled, .backupHung, .backupUnplugged: false
        }
    }

    /// All that can be looked up beforehand; what is returned strikes.
    func aim(at site: LocalSite, _ network: ShowNetwork?) async throws -> @Sendable () async throws -> Void {
        let victim = hitsMain ? site.main.name : site.backup.name
        guard let process = await site.process(of: victim) else { return {} }
        let tree = process.tree.members
        let hubBroker = process.hubBroker
        return {
            switch self {
            case .mainKilled, .backupKilled: for member in tree { kill(member, SIGKILL) }
            case .mainHung, .backupHung: for member in tree { kill(member, SIGSTOP) }
            case .mainUnplugged, .backupUnplugged: try await network?.pullCable(of: victim)
            case .hubBrokerHung: if let hubBroker { kill(hubBroker, SIGSTOP) }
            }
        }
    }
}
