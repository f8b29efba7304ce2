import HubClient
import MQTTSession

/// How a machine's HTTP server reaches the site.
public enum HubAccess: Sendable {
    /// A server: through the private door of its own hub, where it vouches for its callers itself.
    case ownHub(door: Endpoint)
    /// A client: through the hubs that it knows at this moment, with its own key and rights.
    case remote(hubs: @Sendable () -> [Endpoint])

    /// Where to begin to look at the site.
    var hubs: [Endpoint] {
        switch self {
        case .ownHub(let door): [door]
        case .remote(let hubs): hubs()
        }
    }

    var door: Endpoint? {
        switch self {
        case .ownHub(let door): door
        case .remote: nil
        }
    }
}
