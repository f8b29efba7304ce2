import FailoverCore
import HubProtocol
import License
import Logging

/// The licence that a machine is started with.
///
/// A file that is wrong is refused at start: it was wrong when somebody named it, and who starts the machine can put it
/// right. What time alone brings about never keeps a machine from starting, since that may be in the middle of a show.
enum LicenseOption {
    /// - Throws: `LicenseError` when the file holds no licence of this machine.
    static func read(_ path: String?, of machine: MachineName) throws(LicenseError) -> SignedLicense? {
        guard let path else { return nil }
        let signed = try SignedLicense(path: path)
        try signed.checkHolder(machine, source: path)
        return signed
    }

    static func report(_ license: License, to log: Logger) {
        let now = Timestamp.now
        let source = "the licence of \(license.holder)"
        if let fault = license.fault(source: source, at: now) {
            log.warning("\(fault)")
        } else {
            log.info("\(source): \(license.type.title), until \(license.expires.text)")
        }
    }
}
