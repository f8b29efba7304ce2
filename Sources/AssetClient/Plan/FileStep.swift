import AssetProtocol

/// What is to be done about one file.
public enum FileStep: Hashable, Sendable {
    /// Nothing can be told before the local file was read: ask again with its digest.
    case hash
    case nothing(Standing)
    /// Here and there are the same already; it only has to be noted.
    case note(FileEntry)
    case upload(UploadCondition)
    /// Delete it on the server, if this is the newest version there; `nil`: whatever is there.
    case deleteThere(tag: String?)
    case fetch(FileEntry)
    /// Remove the local file: this deletion is newer.
    case removeHere(FileEntry)
    /// It is gone here and there.
    case forget
    case conflict(FileConflict)

    /// How a file stands that is left as it is.
    public enum Standing: String, Hashable, Sendable {
        /// The same here and there.
        case current
        /// Changed, new or removed here, and not pushed.
        case changedHere
        /// Never pushed or pulled here.
        case onlyHere
        /// Someone pushed or deleted it, and it was not pulled yet.
        case newerThere
        /// Removed here, and still on the server.
        case removedHere
    }
}

/// What must hold on the server for an upload to be accepted.
public enum UploadCondition: Hashable, Sendable {
    case none
    case newestIs(tag: String)
    case doesNotExist
}

/// A file was changed here, and meanwhile there.
public struct FileConflict: Hashable, Sendable, CustomStringConvertible {
    public enum Change: String, Hashable, Sendable {
        case changed, removed, new
    }

    public let path: StoragePath
    public let here: Change
    /// The version that the local file comes from.
    public let known: FileEntry?
    /// The newest one; `nil` where there is none.
    public let newest: FileEntry?

    public init(path: StoragePath, here: Change, known: FileEntry?, newest: FileEntry?) {
        (self.path, self.here, self.known, self.newest) = (path, here, known, newest)
    }

    public var description: String {
        let origin = known.map { " since \($0.text)" } ?? ""
        return "\(path) was \(here == .new ? "made" : here.rawValue) here\(origin); newest on the server: "
            + (newest?.text ?? "none")
    }
}
