import FailoverCore
import HubProtocol

/// What is wrong with a licence or a key, as a sentence that says what to do.
public enum LicenseError: Error, Hashable, CustomStringConvertible {
    case unreadable(path: String, cause: String)
    case malformed(source: String, cause: String)
    case notAPublicKey(path: String)
    case notAPrivateKey(path: String)
    /// Where a public key belongs.
    case privateKey(path: String)
    /// Where a private key belongs.
    case publicKey(path: String)
    case foreignIssuer(source: String, issuer: String, trusted: String)
    case altered(source: String)
    case otherHolder(source: String, holder: MachineName, machine: MachineName)
    case ended(source: String, since: Timestamp, now: Timestamp)
    case notYetValid(source: String, from: Timestamp, now: Timestamp)
    case exists(path: String)
    case unwritable(path: String, cause: String)

    /// Whether a wrong file was named, rather than this machine failing.
    public var isWrongFile: Bool {
        switch self {
        case .exists, .unwritable: false
        default: true
        }
    }

    public var description: String {
        switch self {
        case .unreadable(let path, let cause):
            "\(path) cannot be read: \(cause). Check its name, its owner and its permissions."
        case .malformed(let source, let cause):
            "\(source) is no licence that can be used: \(cause). Ask whoever issued it for the file again."
        case .notAPublicKey(let path):
            "\(path) is not a licence issuer's public key. Name the file that ends in .pub, which understudy license create "
                + "wrote."
        case .notAPrivateKey(let path):
            "\(path) is not a licence issuer's private key. Name the file that understudy license create wrote."
        case .privateKey(let path):
            "\(path) is the licence issuer's private key, with which anybody could sign licences. Name the public key, "
                + "\(LicenseIssuer.publicPath(of: path)), and keep the private one off this machine."
        case .publicKey(let path):
            "\(path) is the issuer's public key, and licences are signed with the private one. Name the file without .pub."
        case .foreignIssuer(let source, let issuer, let trusted):
            "\(source) was signed by the issuer \(issuer), and this machine trusts \(trusted). Both servers must trust the "
                + "same issuer: ask that one for a licence, or name the right public key with --license-issuer."
        case .altered(let source):
            "\(source) was not signed by the issuer that it names, or was changed since. Ask that issuer for the file again."
        case .otherHolder(let source, let holder, let machine):
            "\(source) was issued to \(holder), and this machine is \(machine). Name the licence of \(machine) with "
                + "--license, or have one issued to it."
        case .ended(let source, let since, let now):
            "\(source) ended on \(since.text). Have a new one issued. (The clock of this machine says \(now.text); if "
                + "that is wrong, put it right.)"
        case .notYetValid(let source, let from, let now):
            "\(source) begins on \(from.text), and the clock of this machine says \(now.text). Check the clock of this "
                + "machine, and that of the machine where the licence was issued."
        case .exists(let path):
            "\(path) is there already, and is not overwritten. Choose another name, or move that file away first."
        case .unwritable(let path, let cause):
            "\(path) cannot be written: \(cause). Choose a folder that you may write and that has room."
        }
    }
}
