import FailoverCore
import HubProtocol
import License
import Logging
import MQTTSession

/// What this server and the other one hold, and what is to be said of it. A site where nobody named a licence or an
/// issuer works without; nothing is switched off here.
@SessionLoop
final class ServerLicenses {
    struct Findings: Hashable {
        /// Why the two servers may not be paired anew.
        var refusal: FailoverLicense.Refusal?
        /// Whose licences end soon.
        var ending: [License] = []
    }

    /// The other server shows something else.
    var onNews: @SessionLoop () -> Void = {}

    private let own: ShownLicense
    private let issuer: TrustedIssuer?
    private let isInUse: Bool
    private let log: Logger
    /// What the other server showed last, and what came of it once it was verified.
    private var shown: (machine: MachineName, token: String?)?
    private var peer: ShownLicense?
    /// What was said already, by its machines: a sentence has the time in it.
    private var told: (lacking: [MachineName], ending: [License]) = ([], [])

    init(_ options: ServerOptions, log: Logger) {
        own = ShownLicense(options.name, options.license.map { .accepted($0.license) } ?? .nothing)
        issuer = options.licenseIssuer
        isInUse = options.license != nil || options.licenseIssuer != nil
        self.log = log
    }

    /// Verifies it, and says so through `onNews`.
    ///
    /// - Parameter token: see `HubServer.license`.
    func peer(_ machine: MachineName, shows token: String?) {
        guard isInUse, shown?.machine != machine || shown?.token != token else { return }
        shown = (machine, token)
        Task { @SessionLoop in
            let judged = await ShownLicense.judge(token, of: machine, trusting: issuer)
            // It may have shown another one meanwhile.
            guard shown?.machine == machine, shown?.token == token else { return }
            peer = judged
            onNews()
        }
    }

    func findings(at now: Timestamp) -> Findings {
        guard isInUse else { return Findings() }
        // Of a server that was never met nothing is known, and nothing is said.
        let known = [own, peer].compactMap { $0 }
        let findings = Findings(
            refusal: FailoverLicense.refusal(of: known, at: now),
            ending: known.compactMap(\.license).filter { $0.isEnding(at: now) })
        tell(findings, at: now)
        return findings
    }

    private func tell(_ findings: Findings, at now: Timestamp) {
        let lacking = findings.refusal?.machines ?? []
        if lacking != told.lacking, let refusal = findings.refusal { log.warning("\(refusal.sentence)") }
        for license in findings.ending where !told.ending.contains(license) {
            log.warning(
                "the licence of \(license.holder) ends in \(license.daysLeft(at: now)) days, on \(license.expires.text)"
            )
        }
        told = (lacking, findings.ending)
    }
}
