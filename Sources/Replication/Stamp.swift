import FailoverCore

/// Where a message stands in the order of all messages of a site. Given once, by the server on whose hub it arrived, in
/// the order in which that hub's broker took it.
///
/// A Lamport clock below the epoch: what was written while a newer hub was active wins over what an older one still took.
public struct Stamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The newest epoch that the stamping server knew.
    public var epoch: Epoch
    /// Above that of every message which this server had seen.
    public var counter: UInt64
    public var origin: MachineName

    public init(epoch: Epoch, counter: UInt64, origin: MachineName) {
        self.epoch = epoch
        self.counter = counter
        self.origin = origin
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.epoch, left.counter, left.origin) < (right.epoch, right.counter, right.origin)
    }

    public var description: String { "\(epoch).\(counter) of \(origin)" }
}
