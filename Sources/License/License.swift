import FailoverCore
import HubProtocol

/// What a licence lets its holder be.
public enum LicenseType: String, Codable, Sendable, CaseIterable {
    /// A server that may be one of a pair.
    case serverWithFailover = "server-with-failover"
    case server
    case client

    /// For people.
    public var title: String {
        switch self {
        case .serverWithFailover: "Server with failover"
        case .server: "Server"
        case .client: "Client"
        }
    }
}

/// What an issuer states of one machine. A value alone proves nothing; see `SignedLicense` and `TrustedIssuer`.
public struct License: Hashable, Sendable {
    /// Where the time of a machine lies, against a licence.
    public enum Standing: String, Hashable, Sendable {
        case notYetValid, valid, ended
    }

    /// So much may the clocks of two machines differ, in milliseconds: an issuer's clock may be ahead of a server's.
    public static let clockTolerance: Int64 = 5 * 60 * 1000
    /// Before its end a licence is reported as ending for so long, in milliseconds: 14 days.
    public static let noticeBeforeEnd: Int64 = 14 * millisecondsPerDay
    /// A licence lasts for so many days.
    public static let days = 1...36_500

    static let millisecondsPerDay: Int64 = 86_400_000

    public let type: LicenseType
    /// The machine that it is for; no other may use it.
    public let holder: MachineName
    /// From this moment on it holds, to the second.
    public let issued: Timestamp
    /// From this moment on it holds no more, to the second.
    public let expires: Timestamp
    /// Whose key signed it; see `TrustedIssuer.id`.
    public let issuer: String

    public init(type: LicenseType, holder: MachineName, issued: Timestamp, expires: Timestamp, issuer: String) {
        self.type = type
        self.holder = holder
        self.issued = issued
        self.expires = expires
        self.issuer = issuer
    }

    public func standing(at now: Timestamp) -> Standing {
        if now >= expires { return .ended }
        return now.millisecondsSince1970 + Self.clockTolerance < issued.millisecondsSince1970 ? .notYetValid : .valid
    }

    /// Why it does not hold now; `nil`: it does.
    ///
    /// - Parameter source: what holds the licence, for the sentence.
    public func fault(source: String, at now: Timestamp) -> LicenseError? {
        switch standing(at: now) {
        case .valid: nil
        case .ended: .ended(source: source, since: expires, now: now)
        case .notYetValid: .notYetValid(source: source, from: issued, now: now)
        }
    }

    /// Whether it holds, and ends within `noticeBeforeEnd`.
    public func isEnding(at now: Timestamp) -> Bool {
        standing(at: now) == .valid
            && expires.millisecondsSince1970 - now.millisecondsSince1970 <= Self.noticeBeforeEnd
    }

    /// Whole days that are left; 0 on the last one, and after the end.
    public func daysLeft(at now: Timestamp) -> Int {
        Int(max(0, expires.millisecondsSince1970 - now.millisecondsSince1970) / Self.millisecondsPerDay)
    }
}
