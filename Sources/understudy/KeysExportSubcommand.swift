import ArgumentParser
import Foundation
import Keys

struct KeysExportSubcommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a key as other programs want it.",
        discussion: """
            Writes NAME.crt, NAME.key and authority.crt, in PEM. With --browser: NAME.p12 (PKCS#12) for a browser, encrypted \
            with a password, which is asked for, or is the first line of standard input where that is no terminal.
            """)

    @Argument(help: "The key's file.")
    var file: String
    @Argument(help: "The folder to write to; it is made if there is none.")
    var folder: String
    @Flag(help: "One file that a browser imports.")
    var browser = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let key = try MachineKey(path: file)
        key.warn(file)
        let path = { (name: String) in (folder as NSString).appendingPathComponent(name) }
        guard browser else {
            try key.export(to: folder)
            print(
                """
                Wrote \(path("\(key.name).crt")), the certificate of \(key.name).
                Wrote \(path("\(key.name).key")), its private key: bring it to the machine that uses it, and to no other.
                The certificate of the site's authority is \(path("authority.crt")).
                """)
            return
        }
        let password = try Password.ask("Password for the file: ")
        try key.exportBrowser(to: folder, password: password)
        print(
            """
            Wrote \(path("\(key.name).p12")): import it in the browser with its password, and trust its authority for websites.
            """)
    }
}
