import FailoverCore
import HubProtocol

/// What is wrong with a key or a site's file, as a sentence that says what to do.
public enum KeyError: Error, Hashable, CustomStringConvertible {
    case unreadable(path: String, cause: String)
    case malformed(source: String, cause: String)
    /// Where a machine's key belongs.
    case siteFileNamed(path: String)
    /// Where a site's file belongs.
    case machineKeyNamed(path: String)
    case otherHolder(source: String, holder: MachineName, machine: MachineName)
    case wrongRole(source: String, role: KeyRole, needed: KeyRole)
    /// Of another site than the authority that is asked; each is its name with what tells it from one of the same name.
    case otherSite(source: String, site: String, asked: String)
    case ended(source: String, since: Timestamp, now: Timestamp)
    case notYetValid(source: String, from: Timestamp, now: Timestamp)
    case authorityEnded(site: MachineName, since: Timestamp, now: Timestamp)
    /// What was asked for cannot stand in a certificate.
    case unissuable(cause: String)
    case noPassword
    /// A warning: others can do with it whatever its owner can.
    case readableByOthers(path: String)
    case exists(path: String)
    case unwritable(path: String, cause: String)

    /// Whether a wrong file was named, rather than this machine failing.
    public var isWrongFile: Bool {
        switch self {
        case .unreadable, .malformed, .siteFileNamed, .machineKeyNamed, .otherHolder, .wrongRole, .otherSite: true
        case .ended, .notYetValid, .authorityEnded, .unissuable, .noPassword, .readableByOthers, .exists, .unwritable:
            false
        }
    }

    public var description: String {
        switch self {
        case .unreadable(let path, let cause):
            "\(path) cannot be read: \(cause). Check its name, its owner and its permissions."
        case .malformed(let source, let cause):
            "\(source) is no key that can be used: \(cause). Name the file that understudy keys wrote, or have a new one "
                + "issued with understudy keys add."
        case .siteFileNamed(let path):
            "\(path) is the site's private authority, with which anybody could issue keys. Name the key of this machine, "
                + "which understudy keys add wrote, and keep the site's file off the machines of the show."
        case .machineKeyNamed(let path):
            "\(path) is the key of one machine, and only the site's authority issues and revokes keys. Name the file that "
                + "understudy keys create wrote."
        case .otherHolder(let source, let holder, let machine):
            "\(source) was issued to \(holder), and this machine is \(machine). Name the key of \(machine), or have one "
                + "issued to it with understudy keys add."
        case .wrongRole(let source, let role, let needed):
            "\(source) is the key of a \(role), and a \(needed) needs one of its own kind. Have one issued with "
                + "understudy keys add --role \(needed)."
        case .otherSite(let source, let site, let asked):
            "\(source) belongs to the site \(site), and the authority that was named is that of \(asked). Name the "
                + "authority that issued it, or have a new key issued with understudy keys add."
        case .ended(let source, let since, let now):
            "\(source) ended on \(since.text). Renew it with understudy keys renew. (The clock of this machine says "
                + "\(now.text); if that is wrong, put it right.)"
        case .notYetValid(let source, let from, let now):
            "\(source) begins on \(from.text), and the clock of this machine says \(now.text). Check the clock of this "
                + "machine, and that of the machine where the key was issued."
        case .authorityEnded(let site, let since, let now):
            "The authority of the site \(site) ended on \(since.text), and issues no more keys. Make a new one with "
                + "understudy keys create, and new keys for all machines. (The clock of this machine says \(now.text); if "
                + "that is wrong, put it right.)"
        case .unissuable(let cause):
            "No such key can be issued: \(cause)."
        case .noPassword:
            "The file for a browser holds a private key, and needs a password of at least one character. Give one."
        case .readableByOthers(let path):
            "\(path) holds a private key, and not only its owner can read it. Take the permission from the others with "
                + "chmod 600 \(path)."
        case .exists(let path):
            "\(path) is there already, and is not overwritten. Choose another name, or move that file away first."
        case .unwritable(let path, let cause):
            "\(path) cannot be written: \(cause). Choose a folder that you may write and that has room."
        }
    }
}
