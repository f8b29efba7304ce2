import HubProtocol
import LocalState

/// Why a show file was not written or read, with what to do.
enum ShowFolderError: Error, CustomStringConvertible {
    case unknown(ShowName)
    /// - cause: a sentence about the file.
    case unusable(ShowName, cause: String)
    /// - cause: without a dot at its end.
    case unwritable(path: String, cause: String)
    case tooMany
    case reserved(ShowName)

    var description: String {
        switch self {
        case .unknown(let name):
            "there is no show file \(name). See which there are: understudy show list."
        case .unusable(let name, let cause): "the show file \(name) cannot be loaded: \(cause)"
        case .unwritable(let path, let cause):
            "nothing could be saved in \(path): \(cause). Make room there, or check its owner, and save again."
        case .tooMany:
            "there are \(ShowFolder.mostShows) show files already. Take some out of the data folder of Main, then save again."
        case .reserved(let name): "names such as \(name) are those of automatic backups. Choose another one."
        }
    }

    var code: CommandResponse.Code {
        switch self {
        case .unknown: .unknownShow
        case .unusable: .unusableShow
        case .unwritable, .tooMany: .notSaved
        case .reserved: .malformed
        }
    }

    init(_ fault: NamedFile.Fault, at path: String) {
        let cause =
            switch fault {
            case .unreadable(let cause), .unwritable(let cause): cause
            case .exists: "it is there already"
            case .tooLong, .notText: "\(fault)"
            }
        self = .unwritable(path: path, cause: cause)
    }
}
