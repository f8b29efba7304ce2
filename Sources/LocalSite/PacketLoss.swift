import FailoverCore

/// Packets that the switch of a `ShowNetwork` does not pass on.
public struct PacketLoss: Hashable, Sendable {
    /// `nil`: from every machine.
    public var source: MachineName?
    /// `nil`: to every machine.
    public var destination: MachineName?
    /// Of TCP, at the destination; `nil`: to every port, and all that is not TCP.
    public var port: UInt16?
    /// 100: all of them.
    public var percent: Int

    public init(
        from source: MachineName? = nil, to destination: MachineName? = nil, port: UInt16? = nil, percent: Int = 100
    ) {
        self.source = source
        self.destination = destination
        self.port = port
        self.percent = percent
    }

    /// Both ways between any machine of one side and any of the other.
    public static func between(_ one: [MachineName], _ other: [MachineName]) -> [PacketLoss] {
        one.flatMap { left in
            other.flatMap { [PacketLoss(from: left, to: $0), PacketLoss(from: $0, to: left)] }
        }
    }
}
