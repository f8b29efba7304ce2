import FailoverCore
import HubProtocol
import License
import Logging
import MQTTSession

/// What this server and the other one hold, and what is to be said of it. A pair is not begun without; one that exists is
/// never ended for it.
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

    /// This server's, as it shows it to others.
    let token: String?
    private let own: ShownLicense
    private let issuer: TrustedIssuer?
    private let log: Logger
    /// What the other server showed last, and what came of it once it was verified.
    private var shown: (machine: MachineName, token: String?)?
    private var peer: ShownLicense?
    /// What was said already, by its machines: a sentence has the time in it.
    private var told: (lacking: [MachineName], ending: [License]) = ([], [])

    init(_ options: ServerOptions, log: Logger) {
        token = options.license?.token
        own = ShownLicense(options.name, options.license.map { .accepted($0.license) } ?? .nothing)
        issuer = options.licenseIssuer
        self.log = log
    }

    /// Verifies it, and says so through `onNews`.
    ///
    /// - Parameter token: see `HubServer.license`.
    func peer(_ machine: MachineName, shows token: String?) {
        guard shown?.machine != machine || shown?.token != token else { return }
        shown = (machine, token)
        Task { @SessionLoop in
            let judged = await ShownLicense.judge(token, of: machine, trusting: issuer)
            // It may have shown another one meanwhile.
            guard shown?.machine == machine, shown?.token == token else { return }
            peer = judged
            onNews()
        }
    }

    /// Forgets the other server, which is none of the pair any more.
    func forgetPeer() { (shown, peer) = (nil, nil) }

    /// Why a pair with this server may not begin.
    func refusal(with server: HubServer) async -> FailoverLicense.Refusal? {
        await refusal(with: server.name, showing: server.license)
    }

    func refusal(with machine: MachineName, showing token: String?) async -> FailoverLicense.Refusal? {
        let other = await ShownLicense.judge(token, of: machine, trusting: issuer)
        return FailoverLicense.refusal(own, other, at: .now)
    }

    /// Whether a pair with the server that was met may begin.
    func allowPair(at now: Timestamp) -> Bool {
        peer.map { FailoverLicense.refusal(own, $0, at: now) == nil } ?? false
    }

    func findings(at now: Timestamp) -> Findings {
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
