import ChildProcess
import Foundation

/// The network of one machine (network_namespaces(7)).
///
/// It has no name that could be left behind: it lasts as long as the process that holds it open, which dies with this
/// one, whatever ends it.
public final class NetworkNamespace: Sendable {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// The system bus that programs in here use. Nobody answers there until an `AvahiService` does: the bus of the whole
    /// machine leads to its own network.
    let systemBus: String
    private let holder: Int32
    private let task: Task<Void, Never>

    /// Needs root.
    public init() async throws {
        systemBus =
            FileManager.default.temporaryDirectory.path(percentEncoded: false)
            + "understudy-bus-\(UInt32.random(in: 0 ... .max))"
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        task = Task {
            defer { continuation.finish() }
            do {
                let arguments = ["--net", "sh", "-c", "echo $$ >&2; exec sleep infinity"]
                let ending = try await ChildProcess("unshare", arguments: arguments).run { continuation.yield($0) }
                continuation.yield("\(ending)")
            } catch {
                continuation.yield("\(error)")
            }
        }
        let first = await lines.first { _ in true } ?? ""
        guard let holder = Int32(first) else {
            throw Failure(description: "no network namespace of its own: \(first)")
        }
        self.holder = holder
    }

    deinit { task.cancel() }

    /// Removes it, once the last program in it has ended.
    public func end() async {
        task.cancel()
        await task.value
    }

    /// The same program, started in here. It keeps its process id, and dies with its parent all the same.
    func entering(_ program: String, _ arguments: [String]) -> (program: String, arguments: [String]) {
        (
            "nsenter",
            [
                "--net=/proc/\(holder)/ns/net", "--", "env", "DBUS_SYSTEM_BUS_ADDRESS=unix:path=\(systemBus)", program,
            ] + arguments
        )
    }

    /// Runs one command in here, such as `ip link set lo up`.
    func run(_ command: String) async throws {
        try await run(command.split(separator: " ").map(String.init))
    }

    func run(_ words: [String]) async throws {
        let (program, arguments) = entering(words[0], Array(words.dropFirst()))
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        let ending = try await ChildProcess(program, arguments: arguments).run { continuation.yield($0) }
        continuation.finish()
        guard ending != .exited(code: 0) else { return }
        let said = await lines.reduce(into: []) { $0.append($1) }.joined(separator: " ")
        throw Failure(description: "\(words.joined(separator: " ")): \(ending): \(said)")
    }

    /// A cable between two of them, with the names that its ends have there.
    static func connect(
        _ one: (namespace: NetworkNamespace, end: String), _ other: (namespace: NetworkNamespace, end: String)
    ) async throws {
        try await one.namespace.run(
            "ip link add name \(one.end) type veth peer name \(other.end) netns \(other.namespace.holder)")
    }
}
