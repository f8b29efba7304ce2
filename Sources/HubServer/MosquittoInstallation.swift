import Foundation

/// The broker and its plugin, as they are installed on this machine.
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
        let libraries = ["/usr/lib", "/usr/local/lib", "/usr/lib64"].flatMap { root in
            [root] + ["x86_64-linux-gnu", "aarch64-linux-gnu", "arm-linux-gnueabihf"].map { "\(root)/\($0)" }
        }
        guard
            let plugin = libraries.map({ $0 + "/mosquitto_dynamic_security.so" })
                .first(where: FileManager.default.isReadableFile)
        else { throw .pluginMissing(searched: libraries) }
        self.plugin = plugin
    }
}
