import GRDB
import Replication

/// Why the show could not be read or stored, in a sentence with what to do.
public enum StateStoreError: Error, Hashable, Sendable, CustomStringConvertible {
    case full(path: String)
    case damaged(path: String, cause: String)
    case newer(path: String)
    case failed(path: String, cause: String)

    init(_ error: any Error, path: String) {
        guard let error = error as? DatabaseError else {
            self =
                error is MalformedStream
                ? .damaged(path: path, cause: "an entry makes no sense") : .failed(path: path, cause: "\(error)")
            return
        }
        let cause = error.message ?? "\(error.resultCode)"
        self =
            switch error.resultCode {
            case .SQLITE_FULL: .full(path: path)
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: .damaged(path: path, cause: cause)
            default: .failed(path: path, cause: cause)
            }
    }

    public var description: String {
        switch self {
        case .full(let path):
            "no space is left for the show's state in \(path). Make room; until then nothing is confirmed that only this "
                + "server has."
        case .damaged(let path, let cause):
            "the show's state in \(path) is damaged (\(cause)). Move the file away: the other server still has the show, "
                + "or start empty."
        case .newer(let path):
            "the show's state in \(path) is from a newer version of Understudy. Start that version, or move the file away."
        case .failed(let path, let cause): "the show's state in \(path) cannot be used: \(cause)"
        }
    }
}
