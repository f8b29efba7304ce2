import ArgumentParser
import FailoverCore
import Keys
import Logging
import MQTTSession

/// The key of the machine that a command runs on.
struct KeyOption: ParsableArguments {
    @Option(
        help: ArgumentHelp("This machine's key, where the site has keys; see understudy keys.", valueName: "file"))
    var keys: String?

    var credentials: TLSCredentials? { keys.map { TLSCredentials(path: $0) } }

    /// For a command, which is of no use with a key that does not hold now.
    ///
    /// - Throws: `KeyError`.
    func read() throws(KeyError) -> MachineKey? {
        let key = try keys.map { path throws(KeyError) in try MachineKey(path: path) }
        if let fault = key?.fault(at: .now) { throw fault }
        return key
    }

    /// For a machine, which goes on when its key ends: it may be renewed while it runs.
    ///
    /// - Throws: `KeyError` when the file holds no key of this machine.
    func read(of machine: MachineName, role: KeyRole) throws(KeyError) -> MachineKey? {
        guard let keys else { return nil }
        let key = try MachineKey(path: keys)
        try key.checkHolder(machine, source: keys)
        try key.checkRole(role, source: keys)
        return key
    }

    /// Who somebody is at a site with keys is what the key says.
    ///
    /// - Parameter given: on the command line.
    func name(_ given: MachineName?, of key: MachineKey?) throws(KeyError) -> MachineName? {
        guard let key else { return given }
        if let given { try key.checkHolder(given, source: keys ?? "") }
        return key.name
    }

    static func report(_ key: MachineKey, at path: String, to log: Logger) {
        if key.isReadableByOthers { log.warning("\(KeyError.readableByOthers(path: path))") }
        if let fault = key.fault(at: .now) {
            log.warning("\(fault)")
        } else if key.isEnding(at: .now) {
            log.warning("the key of \(key.name) ends on \(key.expires.text). Renew it: understudy keys renew")
        } else {
            log.info(
                "the key of \(key.name): site \(key.site), permission \(key.permission), until \(key.expires.text)")
        }
    }
}
