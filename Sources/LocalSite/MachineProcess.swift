import ChildProcess
import Foundation
import Synchronization

/// One machine of a local site: a real `understudy` process with its brokers.
public final class MachineProcess: Sendable {
    public typealias Ending = ChildProcess.Ending

    public let name: String
    public let process: Int32

    private let task: Task<Ending, any Error>
    private let log: Log
    private let end = End()

    /// What it wrote on standard error, bounded to the last lines.
    private final class Log: Sendable {
        let lines = Mutex<[String]>([])
        func add(_ line: String) {
            lines.withLock { $0 = $0.suffix(199) + [line] }
        }
    }

    /// The moment of the end, as soon as it is certain.
    private final class End: Sendable {
        let moment = Mutex<Date?>(nil)
        func note() { moment.withLock { $0 = $0 ?? .now } }
    }

    /// - Parameters:
    ///   - program: the `understudy` executable.
    ///   - namespace: where it runs; `nil`: in the network of this program.
    ///   - onLine: gets each line of its standard error.
    public init(
        _ name: String, program: String, arguments: [String], in namespace: NetworkNamespace? = nil,
        onLine: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws {
        self.name = name
        let (program, arguments) = namespace?.entering(program, arguments) ?? (program, arguments)
        let (log, end) = (Log(), end)
        let (started, continuation) = AsyncStream.makeStream(of: Int32.self)
        let task = Task {
            defer {
                end.note()
                continuation.finish()
            }
            return try await ChildProcess(program, arguments: arguments).run {
                continuation.yield($0)
            } onLine: {
                log.add($0)
                onLine($0)
            }
        }
        self.log = log
        self.task = task
        guard let process = await started.first(where: { _ in true }) else {
            // It could not be started, which the task says; or this task was cancelled while it was.
            task.cancel()
            _ = try await task.value
            throw CancellationError()
        }
        self.process = process
    }

    public var lines: [String] { log.lines.withLock { $0 } }
    /// `nil` while it runs.
    public var endedAt: Date? { end.moment.withLock { $0 } }
    /// Of a server: its hub broker's process.
    public var hubBroker: Int32? {
        tree.children(named: "mosquitto").first { process in
            let arguments = (try? String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8)) ?? ""
            return arguments.contains("hub.conf")
        }
    }
    public var tree: ProcessTree { ProcessTree(root: process) }

    /// Waits until it has ended, in whatever way.
    @discardableResult
    public func ended() async throws -> Ending {
        try await task.value
    }

    /// SIGKILL to the process and its brokers.
    public func kill() async throws {
        let tree = tree
        tree.signal(SIGKILL)
        end.note()
        try await ended()
    }

    /// SIGTERM, as a person or a service supervisor ends it.
    @discardableResult
    public func stop() async throws -> Ending {
        Glibc.kill(process, SIGTERM)
        return try await ended()
    }

    /// SIGSTOP to the process and its brokers: the machine hangs.
    public func hang() async throws {
        let tree = tree
        tree.signal(SIGSTOP)
        while !tree.isStopped { try await Task.sleep(for: .milliseconds(1)) }
    }

    public func goOn() { tree.signal(SIGCONT) }
}
