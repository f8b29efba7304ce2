import ArgumentParser
import FailoverCore
import HubClient
import HubProtocol

struct MachinesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "machines", abstract: "Every machine of the site: role, state, address, and which hub it follows.")

    @OptionGroup var observation: ObservationOptions
    @OptionGroup var site: SiteOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await observation.show(site, document: MachineList.init) { view, terminal in
            MachineList(view).map { $0.picture(terminal, withHeartbeats: true) } ?? ""
        } news: { view in
            MachineList(view).map { "\n" + $0.picture(Terminal(), withHeartbeats: false) } ?? ""
        }
    }
}

extension MachineList {
    func picture(_ terminal: Terminal, withHeartbeats: Bool) -> String {
        guard !machines.isEmpty else { return "no machine has been seen" }
        var header = ["NAME", "ROLE", "STATE", "ADDRESS", "LICENCE", "LEVEL", "FOLLOWS", "HUBS", "LAST SWITCH"]
        if withHeartbeats { header.append("HEARTBEAT") }
        let rows = machines.map { machine -> [Table.Cell] in
            let status = machine.view.status
            let links = machine.view.links
            let hubs = links?.hubs.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.rawValue)" }
            let change = machine.view.lastSwitch.map { "to \($0.to) in \($0.outageMs) ms" }
            let isOnline = status?.state == .online
            var row: [Table.Cell] = [
                .init(machine.name.description, .bold), .init(status?.role.rawValue ?? "?"),
                .init(status?.state.rawValue ?? "?", isOnline ? .green : status?.state == .lost ? .red : .yellow),
                .init(status?.address ?? ""), .init(status?.license ?? "none"),
                .init(status.map { String($0.permission) } ?? ""),
                .init(isOnline ? links?.following?.description ?? "none" : "-"),
                .init(hubs?.joined(separator: ", ") ?? ""), .init(change ?? "-"),
            ]
            if withHeartbeats {
                let age = machine.heartbeatAgeMs.map { "\($0 / 1000).\($0 % 1000 / 100) s ago" }
                row.append(.init(isOnline ? age ?? "none" : "-"))
            }
            return row
        }
        return Table(header: header, rows: rows).render(terminal)
    }
}
