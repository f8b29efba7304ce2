import ChildProcess
import FailoverCore
import Foundation
import LocalSite
import Subprocess
import SystemPackage

/// Runs the real program and reads what a person or a script gets from it.
struct Understudy {
    struct Outcome {
        var code: Int32
        var output: String
        var error: String
    }

    static let program =
        ((try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")).map {
            ($0 as NSString).deletingLastPathComponent
        } ?? ".") + "/understudy"

    /// - Parameter environment: in addition to this process's.
    static func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Outcome {
        try await run(program, arguments, environment: environment)
    }

    static func run(_ program: String, _ arguments: [String], environment: [String: String] = [:]) async throws
        -> Outcome
    {
        let changes = Dictionary(
            uniqueKeysWithValues: environment.map { (Environment.Key(rawValue: $0.key)!, Optional($0.value)) })
        let result = try await Subprocess.run(
            .path(FilePath(program)), arguments: Arguments(arguments), environment: .inherit.updating(changes),
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        guard case .exited(let code) = result.terminationStatus else { throw CancellationError() }
        return Outcome(code: code, output: result.standardOutput, error: result.standardError)
    }

    /// A folder of its own, removed afterwards.
    static func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        let folder =
            FileManager.default.temporaryDirectory.path(percentEncoded: false)
            + "understudy-test-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try await body(folder)
    }

    /// No broker that runs in a folder below this one is left.
    static func brokersLeft(in folder: String) -> [String] {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.filter { process in
            let directory = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/cwd")
            return directory?.hasPrefix(folder) ?? false
        }
    }
}
