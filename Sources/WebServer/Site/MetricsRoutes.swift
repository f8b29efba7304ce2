import HubClient
import Hummingbird

/// A few figures of the site, as Prometheus reads them
/// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
struct MetricsRoutes: Sendable {
    let feed: SiteFeed

    func add(to router: RouterGroup<MemberContext>) {
        router.get("metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: Self.text(try await feed.document))))
        }
        router.only(.get, path: "metrics")
    }

    private static func text(_ document: SiteDocument) -> String {
        let state = document.status.state
        let isActive = document.status.active?.hub == document.machine
        let online = document.list.machines.count { $0.view.status?.state == .online }
        let gauges: [(name: String, labels: String, help: String, value: UInt64?)] = [
            ("active", "", "1 while the show runs on this server.", isActive ? 1 : 0),
            ("epoch", "", "Grows with every switch.", state.epoch?.number),
            ("machines_online", "", "Machines of the site that are online.", UInt64(online)),
            (
                "messages_behind", "", "Messages that the other hub has not got yet.",
                state.messagesBehind.map { UInt64($0) }
            ),
            ("phase", #"{phase="\#(state.phase.rawValue)"}"#, "1 for the phase that the site is in.", 1),
            ("ready", "", "1 while a failover would be safe.", state.ready ? 1 : 0),
        ]
        return gauges.map { name, labels, help, value in
            guard let value else { return "" }
            return """
                # HELP understudy_\(name) \(help)
                # TYPE understudy_\(name) gauge
                understudy_\(name)\(labels) \(value)

                """
        }.joined()
    }
}
