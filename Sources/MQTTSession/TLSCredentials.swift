/// What a machine shows where the brokers ask for keys, and by what it knows them: one PEM file with its certificate, its
/// private key, and the authority of the site. The file is read again whenever it has changed.
public struct TLSCredentials: Hashable, Sendable {
    public var path: String

    public init(path: String) { self.path = path }
}

/// Why a session with a broker that has keys, or should have, was not begun.
public enum TLSFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The broker's certificate is of another authority.
    case otherSite
    case brokerKeyEnded
    case brokerKeyNotYetValid
    /// It has a key of this site, but not a server's.
    case notAServer
    /// It has the key of another server of this site than the one that it says it is.
    case anotherServersKey
    /// It does not speak TLS.
    case brokerWithoutKeys
    case ownKeyEnded
    /// The broker does not take this machine's key, by this TLS alert (RFC 8446, 6.2).
    case ownKeyRefused(alert: Int)
    case unusable(String)

    public var description: String {
        switch self {
        case .otherSite:
            "it has keys of another site. Name a key of that site with --keys, or check the address"
        case .brokerKeyEnded:
            "its key has ended. Renew it there (understudy keys renew), and check the clocks of both machines"
        case .brokerKeyNotYetValid:
            "its key is not valid yet, by the clock of this machine. Check the clocks of both machines"
        case .notAServer: "what answers there has the key of a client, and is no hub of this site. Check the address"
        case .anotherServersKey:
            "what answers there says that it is another server than the one whose key it has. Check the address, and which "
                + "key that server was started with"
        case .brokerWithoutKeys:
            "it has no keys, and this machine has. Start that server with a key of this site (--keys)"
        case .ownKeyEnded: "this machine's key has ended. Renew it (understudy keys renew)"
        case .ownKeyRefused(let alert):
            "it does not take this machine's key (TLS alert \(alert)). Look at it with understudy keys inspect"
        case .unusable(let cause): "this machine's key cannot be used: \(cause)"
        }
    }
}
