import BrokerConfiguration
import ChildProcess
import Foundation
import LocalState
import Logging
import MQTTSession
import Synchronization

/// One Mosquitto broker, as a child of this server.
struct Broker: Sendable {
    let kind: BrokerConfiguration.Kind
    /// The coordinator's private listener.
    let socket: String
    private let process: ChildProcess
    private let identifier = ProcessIdentifier()
    private let log: Logger

    /// Writes the configuration into the data folder. File names in it are relative to that folder: Mosquitto's
    /// configuration knows no quoting, and the kernel bounds the path of a socket.
    init(
        _ kind: BrokerConfiguration.Kind, listen: String, port: UInt16, in folder: DataFolder,
        installation: MosquittoInstallation, keys: BrokerConfiguration.Keys?, log: Logger
    ) throws(LocalStateError) {
        self.kind = kind
        self.log = log
        let run = folder.file("run")
        socket = "\(run)/\(kind.rawValue).sock"
        let limit = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1
        guard socket.utf8.count <= limit else { throw .pathTooLong(path: socket, limit: limit) }
        let configuration = BrokerConfiguration(
            kind, user: Self.user, listen: listen, port: port, socket: "\(kind.rawValue).sock",
            plugin: installation.plugin, accessPath: "\(kind.rawValue).access",
            memoryLimit: ProcessInfo.processInfo.physicalMemory / 4, keys: keys)
        do {
            let files = FileManager.default
            try files.createDirectory(
                atPath: run, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try? files.removeItem(atPath: socket)
            try Data(configuration.text.utf8).write(to: URL(filePath: "\(run)/\(kind.rawValue).conf"))
            let access = "\(run)/\(kind.rawValue).access"
            try Data(configuration.access.utf8).write(to: URL(filePath: access))
        } catch {
            throw .unwritable(path: run, cause: error.localizedDescription)
        }
        process = ChildProcess(
            installation.broker, arguments: ["-c", "\(kind.rawValue).conf"], workingDirectory: run)
    }

    var endpoint: Endpoint { .unix(path: socket) }

    /// Runs the broker until it ends, which it never does by itself in good order, or until the task is cancelled.
    ///
    /// - Parameter onRunning: called once, when its listeners are open, with the clock of its processor time.
    func run(onRunning: @Sendable (ProcessClock?) -> Void) async throws {
        let lastLine = Mutex<String?>(nil)
        let refusals = Mutex<Set<String>>([])
        let identifier = identifier
        let ending = try await process.run { process in
            identifier.value.withLock { $0 = process }
            if kind == .control, !RealTimePriority.controlBroker.give(to: process) {
                log.info("\(RealTimePriority.refusal)")
            }
        } onLine: { line in
            // "1795363405: text"
            let text = line.firstRange(of: ": ").map { String(line[$0.upperBound...]) } ?? line
            lastLine.withLock { $0 = text }
            log.debug("broker: \(text)", metadata: ["broker": "\(kind.rawValue)"])
            // Our plugin says so, with the reason; a machine that is refused tries on and on.
            if text.hasPrefix("refused "), refusals.withLock({ $0.count < 100 && $0.insert(text).inserted }) {
                log.warning("\(text)")
            }
            if text.hasSuffix(" running") { onRunning(identifier.value.withLock { $0 }.flatMap(ProcessClock.init)) }
        }
        identifier.value.withLock { $0 = nil }
        try Task.checkCancellation()
        // What it said last explains an exit, but not a signal.
        var line = lastLine.withLock { $0 }
        if case .killed = ending { line = nil }
        throw ServerError.brokerEnded(kind: kind.rawValue, how: "\(ending)", lastLine: line)
    }

    /// The broker reads its key and the list of revoked ones anew, and ends the sessions of those.
    func readAgain() { identifier.value.withLock { if let process = $0 { kill(process, SIGHUP) } } }

    /// A hub's, while there is a switch to tell.
    func setPriority(_ priority: RealTimePriority?) {
        guard let process = identifier.value.withLock({ $0 }) else { return }
        if let priority { priority.give(to: process) } else { RealTimePriority.take(from: process) }
    }

    /// The name of the user that runs this process.
    private static var user: String {
        guard let entry = getpwuid(geteuid()) else { return "root" }
        return String(cString: entry.pointee.pw_name)
    }
}

/// Of the broker while it runs.
private final class ProcessIdentifier: Sendable {
    let value = Mutex<Int32?>(nil)
}
