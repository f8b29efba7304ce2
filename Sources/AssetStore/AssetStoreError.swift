import AssetProtocol
import HubProtocol
import SystemPackage

/// Why the store could not do what was asked, in a sentence with what to do.
public enum AssetStoreError: Error, Hashable, Sendable, CustomStringConvertible {
    case noSuchFile(StoragePath)
    /// It never was, or it is older than those that are kept.
    case noSuchVersion(StoragePath, number: Int)
    case conflict(Conflict)
    /// One of both would have to be a folder.
    case inTheWay(StoragePath, FileVersion)
    case wrongDigest(StoragePath, expected: ContentDigest, found: ContentDigest)
    /// Its CRC-32C.
    case wrongChecksum(StoragePath)
    /// In bytes.
    case wrongSize(StoragePath, expected: Int, found: Int)
    case full(folder: String)
    case unwritable(path: String, cause: String)
    case unreadable(path: String, cause: String)
    case indexDamaged(path: String, cause: String)
    case inUse(folder: String)
    /// A line other than the last: it was on disk, and something changed it.
    case journalDamaged(path: String, byte: Int)
    case journalMissing(folder: String)
    case newer(path: String)
    case contentMissing(FileVersion)
    /// After a failure that leaves open what is on disk; reading goes on.
    case stopped(folder: String, cause: String)

    public var description: String {
        switch self {
        case .noSuchFile(let path): "there is no file \(path)."
        case .noSuchVersion(let path, let number):
            "version \(number) of \(path) is not here: it never was, or newer ones have replaced it. List its versions."
        case .conflict(let conflict): conflict.description
        case .inTheWay(let path, let other):
            "\(path) cannot be beside the file \(other.path), pushed by \(other.author) at \(other.time.text): a name is a "
                + "file's or a folder's. Choose another name, or delete \(other.path) first."
        case .wrongDigest(let path, let expected, let found):
            "what arrived for \(path) is not what was sent: its SHA-256 is \(found) instead of \(expected). Nothing was "
                + "changed; push it again."
        case .wrongChecksum(let path):
            "what arrived for \(path) is not what was sent: its CRC-32C is another one. Nothing was changed; push it again."
        case .wrongSize(let path, let expected, let found):
            "what arrived for \(path) has \(found) bytes instead of \(expected). Nothing was changed; push it again."
        case .full(let folder):
            "no space is left for files in \(folder): the rest of the disk is for the show. Nothing was changed; make room on it "
                + "and push again."
        case .unwritable(let path, let cause):
            "\(path) cannot be written: \(cause). Nothing was changed; check the folder's owner and permissions, and the disk."
        case .unreadable(let path, let cause):
            "\(path) cannot be read: \(cause). Check its owner and its permissions, and the disk."
        case .indexDamaged(let path, let cause):
            "the index of the files, \(path), cannot be used: \(cause). Nothing is lost: have it made anew with understudy files "
                + "rebuild, or restart the server."
        case .inUse(let folder):
            "the files in \(folder) are in use by another Understudy on this machine. Stop that one first."
        case .journalDamaged(let path, let byte):
            "the list of versions, \(path), is damaged at byte \(byte), before its end. Put it back from a backup, or move the "
                + "folder away and push the files again."
        case .journalMissing(let folder):
            "\(folder) has files but no list of their versions (journal). Put the list back from a backup, or move the folder "
                + "away and push the files again."
        case .newer(let path):
            "\(path) is from a newer version of Understudy. Start that version, or move the folder away."
        case .contentMissing(let version):
            "the content of \(version.path), version \(version.number), is missing on disk. Push the file again."
        case .stopped(let folder, let cause):
            "no more files are accepted in \(folder), for what is on disk is not certain any more: \(cause). Check the disk, "
                + "then restart the server."
        }
    }
}

extension AssetStoreError {
    /// What an error while writing there means.
    static func writing(_ path: String, _ cause: any Error) -> Self {
        switch cause {
        case let cause as Self: cause
        case Errno.noSpace, Errno.diskQuotaExceeded: .full(folder: path)
        default: .unwritable(path: path, cause: "\(cause)")
        }
    }
}
