import FailoverCore
import HubClient
import HubProtocol
import Hummingbird
import MQTTSession

/// What a supervisor or a load balancer asks, without a certificate.
struct HealthRoutes: Sendable {
    let name: MachineName
    /// The private door of this server's own hub; `nil`: a client, on which no show can run.
    let hub: Endpoint?
    let feed: SiteFeed

    private struct Readiness: Encodable {
        /// The show runs here.
        var active: Bool
        /// See `HubState.ready`.
        var ready: Bool
        /// `hub` as long as this server's own one does not answer; else see `HubState.Missing`.
        var missing: [String]
    }

    func add(to router: Router<WebContext>) {
        router.get("healthz") { _, _ in try Response.json(["status": "ok"]) }
        router.only(.get, path: "healthz")
        guard let hub else { return }
        router.get("readyz") { _, _ in
            let readiness = await readiness(at: hub)
            return try Response.json(
                readiness, status: readiness.active || readiness.ready ? .ok : .serviceUnavailable)
        }
        router.only(.get, path: "readyz")
    }

    private func readiness(at hub: Endpoint) async -> Readiness {
        guard let view = await feed.view, view.reach[hub] == .reached, let own = view.hubs[hub], let state = own.state
        else { return Readiness(active: false, ready: false, missing: ["hub"]) }
        return Readiness(
            active: own.active?.hub == name, ready: state.ready, missing: state.missing.map(\.rawValue))
    }
}
