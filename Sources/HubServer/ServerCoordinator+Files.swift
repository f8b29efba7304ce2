import FailoverCore
import HubProtocol

/// When files may be pushed and pulled, and what is said of it.
extension ServerCoordinator {
    /// After every event, before anything else that follows from it.
    func moveFileGate() {
        let end = fileObjection == nil ? coordinator.filesOpenUntil(at: .now) : nil
        files.gate.move(openUntil: end, epoch: coordinator.record?.epoch, reason: fileObjection ?? fileLock)
    }

    var hubFiles: HubFiles {
        let isOpen: Bool
        if options.role == .main {
            isOpen = coordinator.filesOpenUntil(at: .now) != nil
        } else {
            isOpen = [.idle, .alone].contains(coordinator.phase)
        }
        return HubFiles(
            epoch: coordinator.record?.epoch, lock: fileObjection ?? (isOpen ? nil : fileLock),
            url: options.role == .main ? files.url : mainFiles)
    }

    /// What speaks against it whoever is active.
    private var fileObjection: String? {
        guard options.role == .main else {
            guard let main = mainOfPair else {
                return "files lie on a Main server, and this server is the Backup of none."
            }
            return mainFiles == nil
                ? "\(main) has not said where its files lie. It shares some if it was started with --http." : nil
        }
        switch files.state {
        case .open: return nil
        case .none:
            return
                "\(options.name) shares no files: it was started without --http. Restart it with --http to share some."
        case .opening: return "\(options.name) is opening its files. Try again in a moment."
        case .failed(let reason): return "\(options.name) cannot share its files: \(reason)"
        }
    }

    /// Why they are locked while Main is not the active hub.
    private var fileLock: String {
        let chip = coordinator.phase.chip(hasPair: coordinator.hasPair)
        let main = options.role == .main ? options.name : mainOfPair
        return
            "\(chip): no file is pushed or pulled until \(main?.description ?? "the Main server") is the active hub again."
    }
}
