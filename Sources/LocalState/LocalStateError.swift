/// What can be wrong with a machine's data folder, as a sentence that says what to do.
public enum LocalStateError: Error, Hashable, CustomStringConvertible {
    case unreadable(path: String, cause: String)
    case damaged(path: String)
    case unwritable(path: String, cause: String)
    case inUse(path: String)
    case pathTooLong(path: String, limit: Int)

    public var description: String {
        switch self {
        case .unreadable(let path, let cause):
            "\(path) cannot be read: \(cause). Check its owner and its permissions."
        case .damaged(let path):
            "\(path) is damaged: it does not hold what was written there. Put it back from a backup; or, if the other "
                + "server runs and has the newer state, move the file away and start again."
        case .unwritable(let path, let cause):
            "\(path) cannot be written: \(cause). Give --data a folder that this user may write and that has room."
        case .inUse(let path):
            "the data folder \(path) is in use by another Understudy that runs on this machine. Stop that one, or give "
                + "this one a folder of its own with --data."
        case .pathTooLong(let path, let limit):
            "the data folder's path is too long for the brokers' Unix sockets (\(path) has \(path.utf8.count) bytes, at "
                + "most \(limit) are possible). Choose a shorter one with --data."
        }
    }
}
