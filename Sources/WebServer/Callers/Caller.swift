import FailoverCore
import Keys

/// Who sent a request.
struct Caller: Sendable {
    let name: MachineName
    /// As the broker knows it from certificates, too; `nil`: whoever comes in here acts as this machine does.
    let certificate: MachineCertificate?

    var permission: Int? { certificate?.permission }
}
