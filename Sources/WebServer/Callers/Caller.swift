import FailoverCore
import Keys

/// Who sent a request.
struct Caller: Sendable {
    let name: MachineName
    /// As the broker knows it from certificates, too; `nil`: whoever comes in here acts as this machine does.
    let certificate: MachineCertificate?

    var permission: Int? { certificate?.permission }

    /// - Throws: `Problem` where the caller's key does not count any more.
    func check(_ keys: WebKeys?) throws {
        guard let certificate, let objection = keys?.objection(to: certificate) else { return }
        throw Problem(.unauthorized, objection)
    }

    /// - Throws: `Problem` where the caller's level is lower.
    func require(_ level: Int, to act: String) throws {
        guard let permission, permission < level else { return }
        throw Problem(
            .forbidden,
            "To \(act) takes permission \(level), and the key of \(name) has \(permission). Ask somebody who may, or have a key issued with understudy keys add \(name) --permission \(level)."
        )
    }
}
