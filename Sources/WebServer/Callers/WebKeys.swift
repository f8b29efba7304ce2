import FailoverCore
import HubProtocol
import Keys
import Logging
import NIOSSL
import Synchronization

/// What this server shows to HTTP clients, and whose certificates it believes, at this moment.
public final class WebKeys: Sendable {
    private struct State {
        var key: String
        var context: NIOSSLContext
        var revocations: [Revocation]
    }

    private let state: Mutex<State>
    private let log: Logger
    private let (changes, changed) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// - Throws: `KeyError.malformed` when TLS cannot use the key.
    public init(_ key: MachineKey, log: Logger) throws {
        state = Mutex(State(key: key.pem, context: try Self.context(key), revocations: []))
        self.log = log
    }

    /// For the connections that come from now on, and for the requests on those that are there.
    public func use(_ key: MachineKey, revocations: [Revocation]) {
        state.withLock { state in
            state.revocations = revocations
            guard state.key != key.pem else { return }
            do {
                state.context = try Self.context(key)
                state.key = key.pem
            } catch {
                log.error("\(error) HTTP goes on with the key before it.")
            }
        }
        changed.yield()
    }

    var context: NIOSSLContext { state.withLock { $0.context } }

    /// Why a certificate does not count now, as a sentence; `nil`: it does. That this site's authority issued it, TLS has
    /// checked when the connection began.
    func objection(to certificate: MachineCertificate) -> String? {
        if state.withLock({ $0.revocations.contains(where: certificate.isRevoked) }) {
            return "The key of \(certificate.name) was revoked. Have a new one issued: understudy keys add "
                + "\(certificate.name)."
        }
        guard certificate.standing(at: .now) == .valid else {
            return
                "The key of \(certificate.name) holds from \(certificate.begins.text) to \(certificate.expires.text) "
                + "only. Renew it: understudy keys renew."
        }
        return nil
    }

    /// Until the task is cancelled. For one listener.
    func tellOfChanges(_ listener: @Sendable () async -> Void) async {
        for await _ in changes { await listener() }
    }

    private static func context(_ key: MachineKey) throws(KeyError) -> NIOSSLContext {
        do {
            let pem = Array(key.pem.utf8)
            let certificates = try NIOSSLCertificate.fromPEMBytes(pem)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: certificates.prefix(1).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(bytes: pem, format: .pem)))
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["http/1.1"]
            // Whoever shows one must show a good one; whoever shows none is told why in an answer.
            configuration.certificateVerification = .optionalVerification
            configuration.trustRoots = .certificates(Array(certificates.dropFirst()))
            // Browsers offer the right certificate by themselves.
            configuration.sendCANameList = true
            configuration.shutdownTimeout = Bounds.closingPatience
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw .malformed(source: "the key of \(key.name)", cause: "TLS refuses it: \(error)")
        }
    }
}
