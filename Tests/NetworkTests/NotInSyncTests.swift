import ChildProcess
import FailoverCore
import Foundation
import HubProtocol
import LocalSite
import Synchronization
import Testing

/// A firewall between the servers that passes the election and nothing else.
@Suite("The servers hear each other, and get no copies", .serialized, .realNetworks, .timeLimit(.minutes(3)))
struct NotInSyncTests {
    /// As a third party's MQTT client on another machine gives it.
    private func request(
        _ command: String, _ payload: String, at server: LocalSite.Server, in net: RealNetwork
    ) async throws -> CommandResponse {
        let (program, arguments) = net.network.entering(
            net.clients[0], "mosquitto_rr",
            [
                "-h", server.host, "-V", "mqttv5", "-q", "1", "-t", "commands/anna/\(command)", "-e",
                "responses/anna/1", "-D", "publish", "correlation-data", UUID().uuidString, "-m", payload, "-W", "20",
            ])
        let said = Mutex<[String]>([])
        _ = try await ChildProcess(program, arguments: arguments).run(reading: .everything) { line in
            said.withLock { $0.append(line) }
        }
        return try CommandResponse(decoding: Array(said.withLock { $0.joined() }.utf8))
    }

    @Test(
        "A switch to the Backup, and the way back, wait for the copies: refused as notInSync, and nobody has moved",
        arguments: [Role.main, .backup])
    func refused(active: Role) async throws {
        try await RealNetwork.with { net in
            let (active, other) = active == .main ? (net.main, net.backup) : (net.backup, net.main)
            if active.role == .backup {
                let planned = #"{"to":"\#(active.name)"}"#
                #expect(try await request("hub/switch", planned, at: net.main, in: net) == .ok)
                try await net.site.waitForBackup(net.clients)
                try await net.wait(for: "in sync", at: active) { $0.pair?.mode == .paired && $0.state?.missing == [] }
            }
            try await net.network.lose([
                PacketLoss(from: active.name, to: other.name, port: other.port),
                PacketLoss(from: other.name, to: active.name, port: active.port),
            ])
            let (command, payload) =
                active.role == .main ? ("hub/switch", #"{"to":"\#(other.name)"}"#) : ("backup/remove", "{}")
            let response = try await request(command, payload, at: active, in: net)
            #expect(response.code == .notInSync && response.message?.contains("\(other.name)") == true, "\(response)")
            #expect(await net.hub(active)?.active?.hub == active.name)
        }
    }
}
