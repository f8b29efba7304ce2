import Foundation
import Keys
import Testing

@Suite("Keys for other programs")
struct ExportTests {
    @Test("Three files, the private key for its owner only, in a folder for its owner only")
    func files() async throws {
        try await Given.withFolder { folder in
            let key = try Given.server()
            let target = folder + "/export"
            try key.export(to: target)
            #expect(try Given.mode(target) == 0o700 && Given.mode(target + "/main-1.key") == 0o600)
            let names = ["/main-1.crt", "/main-1.key", "/authority.crt"]
            let joined = try names.map { try String(contentsOfFile: target + $0, encoding: .utf8) }.joined()
            #expect(joined == key.pem)
            // The second machine of the same site.
            try Given.client().export(to: target)
            #expect(try FileManager.default.contentsOfDirectory(atPath: target).count == 5)
        }
    }

    @Test(
        "Nothing is overwritten, and nothing is left behind", arguments: ["main-1.crt", "main-1.key", "authority.crt"])
    func exists(_ name: String) async throws {
        try await Given.withFolder { folder in
            let path = folder + "/" + name
            try Data("mine".utf8).write(to: URL(filePath: path))
            let key = try Given.server()
            #expect(throws: KeyError.exists(path: path)) { try key.export(to: folder) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [name])
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "mine")
        }
    }

    @Test("For a browser: one file, which is never overwritten and needs a password")
    func browser() async throws {
        try await Given.withFolder { folder in
            let key = try Given.server()
            let target = folder + "/export"
            #expect(throws: KeyError.noPassword) { try key.exportBrowser(to: target, password: "") }
            #expect(!FileManager.default.fileExists(atPath: target))
            try key.exportBrowser(to: target, password: "ß secret")
            #expect(try Given.mode(target + "/main-1.p12") == 0o600 && Given.mode(target) == 0o700)
            #expect(throws: KeyError.exists(path: target + "/main-1.p12")) {
                try key.exportBrowser(to: target, password: "x")
            }
        }
    }

    @Test("A folder that cannot be made, or is a file")
    func unwritable() async throws {
        try await Given.withFolder { folder in
            try Data().write(to: URL(filePath: folder + "/file"))
            let key = try Given.server()
            for target in [folder + "/none/export", folder + "/file"] {
                do throws(KeyError) {
                    try key.export(to: target)
                    Issue.record("written")
                } catch {
                    #expect(error.description.contains("cannot be written") && !error.isWrongFile)
                }
                #expect(throws: KeyError.self) { try key.exportBrowser(to: target, password: "x") }
            }
        }
    }
}
