import LocalState

/// The files of this library, with their own sentences for what can be wrong.
enum LicenseFile {
    /// Of a key or a licence, in bytes; what is longer is neither.
    private static let longest = 16 * 1024

    static func read(_ path: String) throws(LicenseError) -> String {
        do { return try NamedFile.read(path, longest: longest).text } catch { throw error.ofLicense(path) }
    }

    static func create(_ path: String, _ text: String, isSecret: Bool) throws(LicenseError) {
        do { try NamedFile.create(path, text.utf8, isSecret: isSecret) } catch { throw error.ofLicense(path) }
    }
}

extension NamedFile.Fault {
    fileprivate func ofLicense(_ path: String) -> LicenseError {
        switch self {
        case .unreadable(let cause): .unreadable(path: path, cause: cause)
        case .tooLong, .notText: .unreadable(path: path, cause: "it is neither a licence nor a key")
        case .exists: .exists(path: path)
        case .unwritable(let cause): .unwritable(path: path, cause: cause)
        }
    }
}
