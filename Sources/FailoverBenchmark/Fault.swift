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

    func inflict(on site: LocalSite, _ network: ShowNetwork?) async throws {
        let victim = hitsMain ? site.main.name : site.backup.name
        guard let process = await site.process(of: victim) else { return }
        switch self {
        case .mainKilled, .backupKilled: process.tree.signal(SIGKILL)
        case .mainHung, .backupHung: process.tree.signal(SIGSTOP)
        case .mainUnplugged, .backupUnplugged: try await network?.pullCable(of: victim)
        case .hubBrokerHung: if let broker = process.hubBroker { kill(broker, SIGSTOP) }
        }
    }
}
