import Foundation
import LocalState
import SystemPackage

extension MachineKey {
    /// Writes the key as three files, for programs that do not take one: `NAME.crt`, `NAME.key`, which only its owner reads,
    /// and `authority.crt`. The folder is made if there is none. An `authority.crt` of the same authority may be there.
    ///
    /// - Throws: `KeyError.exists` or `.unwritable`; nothing was written then.
    public func export(to directory: String) throws(KeyError) {
        try Self.makeFolder(directory)
        let authority = FilePath(directory).appending(Self.authorityFile).string
        var files = [
            (FilePath(directory).appending("\(name).crt").string, blocks.pem(0), false),
            (FilePath(directory).appending("\(name).key").string, blocks.pem(1), true),
        ]
        if (try? KeyFile.read(authority).text) != blocks.pem(2) {
            files.append((authority, blocks.pem(2), false))
        }
        var written: [String] = []
        do throws(KeyError) {
            for (path, text, isSecret) in files {
                try KeyFile.create(path, text.utf8, isSecret: isSecret)
                written.append(path)
            }
        } catch {
            written.forEach(NamedFile.remove)
            throw error
        }
    }

    static let authorityFile = "authority.crt"

    /// Writes the key as one file for a browser, `NAME.p12` (PKCS#12), which only its owner reads.
    ///
    /// - Throws: `KeyError.noPassword`, `.exists` or `.unwritable`; nothing was written then.
    public func exportBrowser(to directory: String, password: String) throws(KeyError) {
        guard !password.isEmpty else { throw .noPassword }
        let path = FilePath(directory).appending("\(name).p12").string
        guard let content = BrowserKey.encode(self, password: password) else {
            throw .unwritable(path: path, cause: "OpenSSL could not encrypt it with this password")
        }
        try Self.makeFolder(directory)
        try KeyFile.create(path, content)
    }

    private static func makeFolder(_ path: String) throws(KeyError) {
        guard mkdir(path, 0o700) != 0, errno != EEXIST else { return }
        throw .unwritable(path: path, cause: "\(Errno(rawValue: errno))")
    }
}
