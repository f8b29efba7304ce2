import FailoverCore
import Hummingbird
import Keys
import NIOCore
import NIOSSL

/// Finds out who sent a request, at every one: a key may be revoked while its connection is open.
struct CallerCheck: RouterMiddleware {
    /// Where no certificate is asked for, every caller acts in this machine's name.
    let own: MachineName
    let keys: WebKeys?

    func handle(
        _ request: Request, context: WebContext, next: (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.caller = try await caller(context.channel)
        return try await next(request, context)
    }

    private func caller(_ channel: any Channel) async throws -> Caller {
        guard let keys else { return Caller(name: own, certificate: nil) }
        guard let shown = try await channel.nioSSL_peerCertificate().get() else { throw Problem.noCertificate }
        let certificate: MachineCertificate
        do throws(KeyError) {
            certificate = try MachineCertificate(der: (try? shown.toDERBytes()) ?? [], source: "this client")
        } catch {
            throw Problem(.unauthorized, "\(error)")
        }
        if let objection = keys.objection(to: certificate) { throw Problem(.unauthorized, objection) }
        return Caller(name: certificate.name, certificate: certificate)
    }
}

extension Problem {
    static let noCertificate = Problem(
        .unauthorized,
        "This site has keys, and this client shows none. Have one issued with understudy keys add, and let the browser "
            + "have it with understudy keys export --browser; other programs show the key's file as their certificate.")
}
