import Subprocess
import SystemPackage

/// A program that runs as a child and dies with this process, whatever ends it.
public struct ChildProcess: Sendable {
    public enum Ending: Hashable, Sendable, CustomStringConvertible {
        case exited(code: Int32)
        case killed(signal: Int32)

        public var description: String {
            switch self {
            case .exited(let code): "exit code \(code)"
            case .killed(let signal): "signal \(signal)"
            }
        }
    }

    /// What is read of a child's output; the rest is dropped.
    public enum Reading: Sendable {
        case errors
        /// Standard output as well, in the order in which it was written.
        case everything
    }

    public enum Failure: Error, CustomStringConvertible {
        case cannotStart(program: String, cause: String)

        public var description: String {
            switch self {
            case .cannotStart(let program, let cause):
                "\(program) could not be started: \(cause). Install it (on Debian: mosquitto and util-linux)."
            }
        }
    }

    private let program: String
    private let arguments: [String]
    private let workingDirectory: String?

    /// - Parameter program: an absolute path.
    public init(_ program: String, arguments: [String], workingDirectory: String? = nil) {
        self.program = program
        self.arguments = arguments
        self.workingDirectory = workingDirectory
    }

    /// Runs it until it ends. A cancelled task ends it: SIGTERM, and SIGKILL a second later.
    ///
    /// It gets a process group of its own, so that Ctrl-C in a terminal reaches this process only, which can then stop
    /// in good order. `setpriv` sets the parent-death signal, which the library has no hook for. That signal also comes
    /// when the *thread* ends that started the child; the library starts all children from one thread that never ends.
    ///
    /// - Parameters:
    ///   - onStart: gets the process id.
    ///   - onLine: gets each line that is read.
    public func run(
        reading: Reading = .errors, onStart: @Sendable (Int32) -> Void = { _ in }, onLine: @Sendable (String) -> Void
    ) async throws -> Ending {
        var options = PlatformOptions()
        options.processGroupID = 0
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(1))]
        let configuration = Configuration(
            executable: .name("setpriv"), arguments: Arguments(["--pdeathsig", "KILL", "--", program] + arguments),
            workingDirectory: workingDirectory.map { FilePath($0) }, platformOptions: options)
        do {
            let status: TerminationStatus
            switch reading {
            case .errors:
                status = try await Subprocess.run(configuration, input: .none, output: .discarded, error: .sequence) {
                    execution in
                    onStart(execution.processIdentifier.value)
                    for try await line in execution.standardError.strings() { onLine(line) }
                }.terminationStatus
            case .everything:
                status = try await Subprocess.run(
                    configuration, input: .none, output: .sequence, error: .combinedWithOutput
                ) { execution in
                    onStart(execution.processIdentifier.value)
                    for try await line in execution.standardOutput.strings() { onLine(line) }
                }.terminationStatus
            }
            return switch status {
            case .exited(let code): .exited(code: code)
            case .signaled(let signal): .killed(signal: signal)
            }
        } catch let error as SubprocessError {
            throw Failure.cannotStart(program: program, cause: "\(error)")
        }
    }
}
