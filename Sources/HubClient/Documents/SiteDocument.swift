import FailoverCore
import HubProtocol

/// All that is to be seen of a site, as one machine sees it: the keys of `SiteStatus`, and the machines, the history and
/// that machine's name beside them.
public struct SiteDocument: Encodable, Equatable, Sendable {
    public let status: SiteStatus
    public private(set) var list: MachineList
    public let history: HubHistory?
    public let machine: MachineName

    /// Returns `nil` while there is nothing true to say.
    ///
    /// - Parameter machine: who sees it.
    public init?(_ view: SiteView, of machine: MachineName) {
        guard let status = SiteStatus(view), let list = MachineList(view) else { return nil }
        self.status = status
        self.list = list
        self.machine = machine
        history = view.authority?.history
    }

    private enum CodingKeys: CodingKey {
        case history, machine
    }

    public func encode(to encoder: any Encoder) throws {
        try status.encode(to: encoder)
        try list.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(history, forKey: .history)
        try container.encode(machine, forKey: .machine)
    }

    /// Whether more than heartbeats came since.
    public func isNews(since older: SiteDocument) -> Bool { withoutHeartbeats != older.withoutHeartbeats }

    private var withoutHeartbeats: SiteDocument {
        var document = self
        document.list = list.withoutHeartbeats
        return document
    }
}
