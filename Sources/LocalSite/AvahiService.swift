import ChildProcess
import Foundation

/// Avahi on one machine of a `ShowNetwork`, with a system bus of its own, over which its tools ask it.
final class AvahiService: Sendable {
    private let folder: String
    private let systemBus: String
    private let tasks: [Task<Void, Never>]

    /// Needs root. Returns when it answers.
    init(host: String, in namespace: NetworkNamespace) async throws {
        systemBus = namespace.systemBus
        folder = systemBus + ".d"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Not the machine's own: with that one the bus would change to another user, and outlive this program.
        let bus = """
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
             "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig><type>system</type><listen>unix:path=\(systemBus)</listen><auth>EXTERNAL</auth>
            <policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/>
            <allow receive_sender="*"/></policy></busconfig>
            """
        try Data(bus.utf8).write(to: URL(filePath: folder + "/bus.conf"))
        try Data("[server]\nhost-name=\(host)\n".utf8).write(to: URL(filePath: folder + "/avahi.conf"))
        let busTask = try await Self.start(
            "dbus-daemon", ["--config-file=\(folder)/bus.conf", "--nofork", "--nopidfile", "--print-address=2"],
            in: namespace
        ) { $0.hasPrefix("unix:") }
        // A fresh /run: a machine has one Avahi.
        let daemon = "mount -t tmpfs none /run && exec avahi-daemon -f \(folder)/avahi.conf"
        do {
            let avahiTask = try await Self.start(
                "unshare",
                ["--mount", "sh", "-c", daemon + " --no-drop-root --no-chroot --no-rlimits --no-proc-title"],
                in: namespace
            ) { $0.contains("Server startup complete") }
            tasks = [avahiTask, busTask]
        } catch {
            busTask.cancel()
            throw error
        }
    }

    func end() async {
        for task in tasks {
            task.cancel()
            await task.value
        }
        try? FileManager.default.removeItem(atPath: folder)
        try? FileManager.default.removeItem(atPath: systemBus)
    }

    private static func start(
        _ program: String, _ arguments: [String], in namespace: NetworkNamespace,
        isReady: @escaping @Sendable (String) -> Bool
    ) async throws -> Task<Void, Never> {
        let (program, arguments) = namespace.entering(program, arguments)
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        let task = Task {
            do {
                let ending = try await ChildProcess(program, arguments: arguments).run { continuation.yield($0) }
                continuation.yield("\(ending)")
            } catch {
                continuation.yield("\(error)")
            }
            continuation.finish()
        }
        var last = ""
        for await line in lines {
            if isReady(line) { return task }
            last = line
        }
        throw NetworkNamespace.Failure(description: "\(arguments.joined(separator: " ")): \(last)")
    }
}
