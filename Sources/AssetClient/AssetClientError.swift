import AssetProtocol

/// Why files could not be pushed or pulled, in a sentence with what to do.
public enum AssetClientError: Error, Hashable, Sendable, CustomStringConvertible {
    // The working folder.
    case noFolder(path: String, cause: String)
    case inUse(folder: String)
    case stateDamaged(folder: String, cause: String)
    case newerState(folder: String)
    case outside(path: String, folder: String)
    case noSuchFile(String)
    case unusableName(String)

    // One file of it.
    case unreadable(StoragePath, cause: String)
    case unwritable(StoragePath, cause: String)
    /// It is a folder or a symbolic link here, or something on the way to it is no folder.
    case inTheWay(StoragePath, other: String)
    case changedMeanwhile(StoragePath)
    case reservedName(StoragePath)

    // The server.
    case unreachable(url: String, cause: String)
    /// The way to the server broke again and again.
    case broken(cause: String)
    /// 423.
    case locked(reason: String)
    /// 401 or 403.
    case refused(String)
    /// 412.
    case stale(newest: FileEntry?)
    /// Of an upload: another number of bytes arrived.
    case wrongOffset
    /// 404.
    case notThere(String)
    /// Any other answer that is no success.
    case failed(status: Int, String)
    case senseless(what: String)
    /// What arrived is not what was sent.
    case damaged(StoragePath)
    case unusableKey(cause: String)
    case plainAddress(url: String)

    public var description: String {
        switch self {
        case .noFolder(let path, let cause):
            "\(path) cannot be used as the folder of the files: \(cause). Name another one with --folder."
        case .inUse(let folder):
            "another understudy files works in \(folder) now. Wait until it is done."
        case .stateDamaged(let folder, let cause):
            "what is known of the files in \(folder) (\(WorkingFolder.stateName)) cannot be used: \(cause). Move "
                + "\(WorkingFolder.stateName) away; the files are then compared with the server's by their content."
        case .newerState(let folder):
            "\(folder)/\(WorkingFolder.stateName) is from a newer version of Understudy. Use that version, or move it away."
        case .outside(let path, let folder):
            "\(path) does not lie in \(folder). Name the top folder of the files with --folder."
        case .noSuchFile(let path): "nothing is known of a file or folder \(path). Check its name."
        case .unusableName(let reason): reason
        case .unreadable(let path, let cause): "\(path) cannot be read: \(cause). Check its owner and its permissions."
        case .unwritable(let path, let cause): "\(path) cannot be written: \(cause)."
        case .inTheWay(let path, let other):
            "\(path) cannot be written: \(other) is a folder, a symbolic link or something else here that is in its way. Move "
                + "it away; symbolic links are not followed."
        case .changedMeanwhile(let path):
            "\(path) was changed while it was read or written here; it was left as it is. Try again."
        case .reservedName(let path):
            "\(path) cannot be stored here: \(WorkingFolder.stateName) is where this program keeps its own state."
        case .unreachable(let url, let cause):
            "the server's files at \(url) cannot be reached: \(cause). Check that the server runs, and that nothing between "
                + "here and there blocks that port."
        case .broken(let cause): "the way to the server broke: \(cause). Try again; what is done stays done."
        case .locked(let reason): "files are locked: \(reason)"
        case .refused(let detail), .notThere(let detail): detail
        case .stale(let newest): "meanwhile it was changed on the server: \(newest?.text ?? "it was deleted")."
        case .failed(let status, let detail):
            detail.isEmpty ? "the server answered with the HTTP status \(status)." : detail
        case .wrongOffset: "the server has another part of the file than was sent. Push it again."
        case .senseless(let what):
            "\(what) from the server cannot be understood. Use the same version of Understudy here and there."
        case .damaged(let path):
            "what arrived of \(path) is not what the server has: its SHA-256 is another one. It was thrown away; try again."
        case .unusableKey(let cause): "this machine's key cannot be used for HTTPS: \(cause)."
        case .plainAddress(let url):
            "the server offers its files without encryption (\(url)), and this machine has a key. Start the server with its "
                + "key, or leave --keys out."
        }
    }
}
