import LocalState

/// The files of this library, with their own sentences for what can be wrong.
enum KeyFile {
    /// In bytes; what is longer is no key.
    private static let longest = 64 * 1024

    static func read(_ path: String) throws(KeyError) -> NamedFile.Content {
        do { return try NamedFile.read(path, longest: longest) } catch { throw error.ofKey(path) }
    }

    static func create(_ path: String, _ content: some Sequence<UInt8>, isSecret: Bool = true) throws(KeyError) {
        do { try NamedFile.create(path, content, isSecret: isSecret) } catch { throw error.ofKey(path) }
    }

    static func replace(_ path: String, _ content: some Sequence<UInt8>) throws(KeyError) {
        do { try NamedFile.replace(path, content) } catch { throw error.ofKey(path) }
    }
}

extension NamedFile.Fault {
    fileprivate func ofKey(_ path: String) -> KeyError {
        switch self {
        case .unreadable(let cause): .unreadable(path: path, cause: cause)
        case .tooLong: .malformed(source: path, cause: "it is too long for a key")
        case .notText: .malformed(source: path, cause: "it is not a text")
        case .exists: .exists(path: path)
        case .unwritable(let cause): .unwritable(path: path, cause: cause)
        }
    }
}
