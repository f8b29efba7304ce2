/// Why a file cannot be loaded, as a sentence about the file.
public enum ShowFileError: Error, Hashable, Sendable, CustomStringConvertible {
    case noShowFile
    case newer(version: Int)
    /// It does not hold what was written.
    case damaged
    case malformed(cause: String)

    public var description: String {
        switch self {
        case .noShowFile: "it is no show file of Understudy."
        case .newer(let version):
            "it has version \(version) of the format, and this Understudy reads versions up to \(ShowFile.version). Load it "
                + "with a newer Understudy on the Main server."
        case .damaged:
            "it is damaged: it does not hold what was written (its digest differs). Load another one, or put it back from a "
                + "copy. If it was changed on purpose, take the digest out of it."
        case .malformed(let cause): "it makes no sense: \(cause). Load another one, or put it back from a copy."
        }
    }
}
