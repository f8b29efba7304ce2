import FailoverCore
import HubProtocol

/// The show file is Main's, and changes only while Main acts.
extension ServerCoordinator {
    func saveShow(_ name: ShowName?, by user: MachineName) async {
        desk.answered(await shows?.save(name, by: user) ?? notHere)
    }

    func loadShow(_ name: ShowName, by user: MachineName) async {
        desk.answered(await shows?.load(name, by: user) ?? notHere)
    }

    /// What a server answers that keeps no show files.
    private var notHere: CommandResponse {
        showObjection ?? .refused(.notActive, "show files lie on the Main server. Ask its hub.")
    }

    /// Why shows cannot be saved or loaded here now; a Backup server never can.
    var showObjection: CommandResponse? {
        if options.role == .main, coordinator.filesOpenUntil(at: .now) != nil { return nil }
        let main = (options.role == .main ? options.name : mainOfPair)?.description ?? "the Main server"
        guard options.role == .main || coordinator.isActive else {
            return .refused(.notActive, "show files lie on \(main). Ask its hub.")
        }
        let chip = coordinator.phase.chip(hasPair: coordinator.hasPair)
        return .refused(
            .filesLocked,
            "\(chip): show files lie on \(main), and are locked until it is the active hub again. Wait for that, or switch back: understudy backup remove."
        )
    }
}
