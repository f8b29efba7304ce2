import FailoverCore
import HubProtocol

/// What a server shows for itself, as another one judges it.
public struct ShownLicense: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        case nothing
        /// Signed by the issuer that is trusted here, and issued to this machine.
        case accepted(License)
        case refused(LicenseError)
    }

    public let machine: MachineName
    public let content: Content

    public init(_ machine: MachineName, _ content: Content) {
        self.machine = machine
        self.content = content
    }

    public var license: License? {
        if case .accepted(let license) = content { license } else { nil }
    }

    /// Judges what a machine shows.
    ///
    /// - Parameters:
    ///   - token: see `SignedLicense.token`; `nil`: it shows none.
    ///   - issuer: whom this server trusts; `nil`: nobody, so that whatever is shown counts for nothing.
    public static func judge(
        _ token: String?, of machine: MachineName, trusting issuer: TrustedIssuer?
    ) async -> ShownLicense {
        guard let token, let issuer else { return ShownLicense(machine, .nothing) }
        let source = "the licence of \(machine)"
        do {
            let signed = try SignedLicense(token: token, source: source)
            try await issuer.verify(signed, source: source)
            try signed.checkHolder(machine, source: source)
            return ShownLicense(machine, .accepted(signed.license))
        } catch {
            return ShownLicense(machine, .refused(error))
        }
    }
}

/// Whether both servers of a pair hold a `server-with-failover` licence of one issuer. Without, no pair begins; a licence
/// that ends switches nothing off.
public enum FailoverLicense {
    public struct Refusal: Hashable, Sendable {
        /// What the servers show that lack one.
        private let lacking: [ShownLicense]
        private let now: Timestamp
        /// `licenseMissing` or `licenseExpired`.
        public let code: CommandResponse.Code

        fileprivate init?(_ shown: [ShownLicense], at now: Timestamp) {
            lacking = shown.filter { $0.lack(at: now) != nil }
            guard !lacking.isEmpty else { return nil }
            self.now = now
            // That one only ended is the whole truth only where nobody lacks more.
            code = lacking.allSatisfy { $0.lack(at: now) == .ended } ? .licenseExpired : .licenseMissing
        }

        /// Who lacks it.
        public var machines: [MachineName] { lacking.map(\.machine) }

        /// Whom it concerns, what that machine holds, and what to do.
        public var sentence: String {
            "Both servers of a pair must hold a \(LicenseType.serverWithFailover.title) licence. "
                + lacking.map { $0.sentence(at: now) }.joined(separator: " ")
        }
    }

    /// `nil`: both may be paired.
    public static func refusal(_ own: ShownLicense, _ peer: ShownLicense, at now: Timestamp) -> Refusal? {
        Refusal([own, peer], at: now)
    }

    /// What of it is certain already, where the other server is not known yet.
    public static func refusal(of shown: [ShownLicense], at now: Timestamp) -> Refusal? { Refusal(shown, at: now) }
}

extension ShownLicense {
    fileprivate enum Lack {
        case nothing, refused, otherType, ended, notYetValid
    }

    fileprivate func lack(at now: Timestamp) -> Lack? {
        switch content {
        case .nothing: .nothing
        case .refused: .refused
        case .accepted(let license) where license.type != .serverWithFailover: .otherType
        case .accepted(let license):
            switch license.standing(at: now) {
            case .valid: nil
            case .ended: .ended
            case .notYetValid: .notYetValid
            }
        }
    }

    /// What this machine holds, and what to do.
    fileprivate func sentence(at now: Timestamp) -> String {
        switch content {
        case .nothing: return "\(machine) holds none: give it one with --license."
        case .refused(let error): return "\(machine) holds one that does not count: \(error)"
        case .accepted(let license) where license.type != .serverWithFailover:
            return "\(machine) holds a \(license.type.title) licence: have one of the right type issued to it."
        case .accepted(let license):
            let fault = license.fault(source: "the licence of \(machine)", at: now)
            return "\(machine) holds one" + (fault.map { ", but \($0)" } ?? ".")
        }
    }
}
