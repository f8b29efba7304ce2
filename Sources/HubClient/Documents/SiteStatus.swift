import HubProtocol

/// `hub/state` with what belongs to it inside, from the hub whose word counts.
public struct SiteStatus: Encodable, Equatable, Sendable {
    public let state: HubState
    public let active: HubActive?
    public let pair: HubPair?
    public let files: HubFiles?

    /// Returns `nil` while there is nothing true to say.
    public init?(_ view: SiteView) {
        guard let hub = view.authority, let state = hub.state else { return nil }
        self.state = state
        active = hub.active
        pair = hub.pair
        files = hub.files
    }

    private enum CodingKeys: CodingKey {
        case active, pair, files
    }

    public func encode(to encoder: any Encoder) throws {
        try state.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(active, forKey: .active)
        try container.encode(pair, forKey: .pair)
        try container.encode(files, forKey: .files)
    }
}
