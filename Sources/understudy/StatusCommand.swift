import ArgumentParser
import FailoverCore
import HubClient
import HubProtocol

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Where the site stands: status chip, active hub, and whether a failover is safe.")

    @OptionGroup var observation: ObservationOptions
    @OptionGroup var site: SiteOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await observation.show(site, document: SiteStatus.init) { view, terminal in
            SiteStatus(view).map { $0.picture(view, terminal) } ?? ""
        } news: { view in
            guard let status = SiteStatus(view) else { return "" }
            let active = status.active?.hub.map { "active hub \($0)" } ?? "no active hub"
            return "\(status.state.chip), \(active), epoch \(status.state.epoch.map(\.description) ?? "none")"
        }
    }
}

extension SiteStatus {
    func picture(_ view: SiteView, _ terminal: Terminal) -> String {
        let colour: Terminal.Colour =
            switch state.phase {
            case .idle: .green
            case .alone, .switchingToMain, .switchingToBackup: .yellow
            case .active, .isolated: .red
            }
        var rows: [[Table.Cell]] = [
            [.init("Status", .dim), .init("\(Self.sign(of: state.phase)) \(state.chip)", colour)]
        ]
        if let active, let hub = active.hub {
            let address = active.address.map { " at \($0):\(active.port.map(String.init) ?? "?")" } ?? ""
            rows.append([.init("Active hub", .dim), .init("\(hub)\(address)")])
            rows.append([.init("Epoch", .dim), .init("\(active.epoch) since \(active.since)")])
            let cause = active.evidence.map { ": \($0)" } ?? ""
            rows.append([.init("Reason", .dim), .init("\(active.reason.rawValue)\(cause)")])
        } else {
            rows.append([.init("Active hub", .dim), .init("none", .red)])
        }
        for (role, server) in [("Main", pair?.main), ("Backup", pair?.backup)] {
            guard let server else { continue }
            let reach = view.hubs.first { $0.value.server?.name == server.name }.flatMap { view.reach[$0.key] }
            let isReached = reach == .reached
            rows.append([
                .init(role, .dim),
                .init(
                    "\(server.name) at \(server.address):\(server.port), \(isReached ? "reached" : "not reached from here")",
                    isReached ? nil : .red),
            ])
        }
        rows.append([
            .init("Failover", .dim),
            state.ready ? .init("ready", .green) : .init("not safe now", .yellow),
        ])
        if let behind = state.messagesBehind, behind > 0 {
            rows.append([.init("Copies", .dim), .init("\(behind) messages behind", .yellow)])
        }
        for missing in state.missing { rows.append([.init(""), .init("missing: \(missing.sentence)", .yellow)]) }
        for warning in state.warnings { rows.append([.init(""), .init("warning: \(warning.sentence)")]) }
        return Table(header: [], rows: rows).render(terminal)
    }

    private static func sign(of phase: Phase) -> String {
        switch phase {
        case .idle: "●"
        case .alone: "○"
        case .switchingToBackup, .switchingToMain: "◐"
        case .active: "▲"
        case .isolated: "✕"
        }
    }
}
