import AssetProtocol
import Foundation

/// Which files a listing names. All conditions hold together.
public struct ListingQuery: Hashable, Sendable {
    /// With what their paths begin, which need not end with a folder. In bytes of the normalized form.
    public let prefix: String
    /// Only what was accepted after this sequence number.
    public let since: Int
    /// Whether files whose newest version is a deletion are named too.
    public let withDeletions: Bool
    /// At most so many.
    public let limit: Int
    /// Only what lies behind this path: the last one of the page before.
    public let after: StoragePath?

    public init(
        prefix: String = "", since: Int = 0, withDeletions: Bool = false, limit: Int = 1000, after: StoragePath? = nil
    ) {
        self.prefix = prefix.precomposedStringWithCanonicalMapping
        self.since = since
        self.withDeletions = withDeletions
        self.limit = limit
        self.after = after
    }
}

/// One page of files, by path, as they were at one moment.
public struct Listing: Hashable, Sendable {
    /// The newest version of each file.
    public var versions: [FileVersion] = []
    /// The highest sequence number at that moment. Who read all pages asks the next time for what came since the *first*
    /// page's.
    public var sequence: Int
    /// Nothing lies behind.
    public var isWhole = true
}
