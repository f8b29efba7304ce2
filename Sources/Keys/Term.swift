import FailoverCore

/// What holds from one moment to another, by a certificate.
public protocol Term {
    var begins: Timestamp { get }
    var expires: Timestamp { get }
}

/// Where the time of a machine lies, against a certificate.
public enum Standing: String, Hashable, Sendable {
    case notYetValid, valid, ended
}

extension Term {
    /// Before its end a key is reported as ending for so long, in milliseconds: 30 days.
    public static var noticeBeforeEnd: Int64 { 30 * millisecondsPerDay }

    public func standing(at now: Timestamp) -> Standing {
        if now >= expires { return .ended }
        return now < begins ? .notYetValid : .valid
    }

    /// Whether it holds, and ends within `noticeBeforeEnd`.
    public func isEnding(at now: Timestamp) -> Bool {
        standing(at: now) == .valid
            && expires.millisecondsSince1970 - now.millisecondsSince1970 <= Self.noticeBeforeEnd
    }

    /// Whole days that are left; 0 on the last one, and after the end.
    public func daysLeft(at now: Timestamp) -> Int {
        Int(max(0, expires.millisecondsSince1970 - now.millisecondsSince1970) / millisecondsPerDay)
    }
}

let millisecondsPerDay: Int64 = 86_400_000

extension Timestamp {
    func adding(days: Int) -> Self {
        Self(millisecondsSince1970: millisecondsSince1970 + Int64(days) * millisecondsPerDay)
    }
}
