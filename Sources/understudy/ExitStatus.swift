import ArgumentParser
import AssetClient
import Foundation
import HubClient
import HubProtocol
import HubServer
import Keys
import License
import LocalState

/// The exit codes of the contract.
enum ExitStatus: Int32 {
    case done = 0
    case failed = 1
    case wrongUsage = 2
    case refused = 3
    case noHub = 4

    /// Says what went wrong, on standard error, and ends the process.
    static func leave(with error: any Error) -> Never {
        if error is CleanExit || Understudy.exitCode(for: error) == .success {
            print(Understudy.fullMessage(for: error))
            exit(done.rawValue)
        }
        if let code = error as? ExitCode { exit(code.rawValue) }
        let status = status(of: error)
        let text =
            status == .wrongUsage && !isSentence(error) ? Understudy.fullMessage(for: error) : "understudy: \(error)"
        FileHandle.standardError.write(Data((text + "\n").utf8))
        exit(status.rawValue)
    }

    /// Whether it says by itself what is wrong, so that the command's usage would only hide it.
    private static func isSentence(_ error: any Error) -> Bool {
        error is ServerError || error is UsageError || error is KeyError || error is LicenseError
            || error is AssetClientError
    }

    private static func status(of error: any Error) -> ExitStatus {
        switch error {
        case let error as ServerError:
            switch error {
            case .notLoopback, .invalidAddress: .wrongUsage
            default: error.isRefusal ? .refused : .failed
            }
        case KeyError.ended, KeyError.notYetValid: .refused
        case let error as KeyError: error.isWrongFile ? .wrongUsage : .failed
        case let error as LicenseError: error.isWrongFile ? .wrongUsage : .failed
        case is ClientMachine.Failure, is CommandResponse: .refused
        case let error as AssetClientError: error.status
        case is FilesRefusal: .refused
        case let error as NoHubReached: error.isRefusal ? .refused : .noHub
        case CommandSession.Failure.unreachable(_, let reason) where reason.isOfKeys: .refused
        case is HubNotReached, CommandSession.Failure.unreachable, PublishError.noHub: .noHub
        case PublishError.notAuthorized: .refused
        case PublishError.tooLarge, PublishError.invalidTopic: .wrongUsage
        case is NoActiveHub, CommandSession.Failure.refused: .refused
        case let error as NoShows: error.isMainReached ? .refused : .noHub
        case is UsageError: .wrongUsage
        case _ where Understudy.exitCode(for: error) == .validationFailure: .wrongUsage
        default: .failed
        }
    }
}

/// A wrong use of the command line that the parser itself cannot see.
struct UsageError: Error, CustomStringConvertible {
    var description: String
}

extension AssetClientError {
    fileprivate var status: ExitStatus {
        switch self {
        case .noFolder, .outside, .noSuchFile, .unusableName: .wrongUsage
        case .unreachable: .noHub
        case .locked, .refused, .stale, .plainAddress: .refused
        default: .failed
        }
    }
}
