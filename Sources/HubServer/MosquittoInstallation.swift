import Foundation

/// The broker, as it is installed on this machine, and our plugin for it, which comes with this program.
struct MosquittoInstallation: Sendable {
    let broker: String
    let plugin: String

    /// The user's path first; the broker lies in a folder that is often only on root's.
    init(path: String = ProcessInfo.processInfo.environment["PATH"] ?? "") throws(ServerError) {
        let folders = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/local/sbin"]
        guard let broker = folders.map({ $0 + "/mosquitto" }).first(where: FileManager.default.isExecutableFile) else {
            throw .brokerMissing(searched: folders)
        }
        self.broker = broker
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let program = URL(filePath: own).deletingLastPathComponent()
        let libraries = [program, program.deletingLastPathComponent().appending(path: "lib/understudy")]
            .map { $0.path(percentEncoded: false) }
        guard
            let plugin = libraries.map({
                URL(filePath: $0).appending(path: "libBrokerAccess.so").path(percentEncoded: false)
            })
            .first(where: FileManager.default.isReadableFile)
        else { throw .pluginMissing(searched: libraries) }
        self.plugin = plugin
    }
}
