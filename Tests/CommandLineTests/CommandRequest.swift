import Foundation
import HubProtocol
import LocalSite

/// A command as a third party's MQTT client gives it.
struct CommandRequest {
    /// Below `commands/USER/`.
    var command: String
    var payload: String
    var user = "anna"
    /// The file of the user's key.
    var key: String?
    /// Said twice, it is the same request.
    var correlation = UUID().uuidString

    init(_ command: String, _ payload: String) { (self.command, self.payload) = (command, payload) }

    init(_ command: String, _ payload: String, user: String, key: String?) {
        (self.command, self.payload, self.user, self.key) = (command, payload, user, key)
    }

    /// This server's hub, by its address.
    static func add(_ server: LocalSite.Server) -> CommandRequest {
        CommandRequest("backup/add", #"{"address":"127.0.0.1","port":\#(server.port)}"#)
    }

    func sent(to port: UInt16) async throws -> CommandResponse {
        let outcome = try await Understudy.run(
            "/usr/bin/mosquitto_rr",
            [
                "-p", "\(port)", "-V", "mqttv5", "-q", "1", "-t", "commands/\(user)/\(command)", "-e",
                "responses/\(user)/\(UUID().uuidString)", "-D", "publish", "correlation-data", correlation, "-m",
                payload, "-W", "30",
            ] + (key.map { ["--cafile", $0, "--cert", $0, "--key", $0, "--insecure"] } ?? []))
        do {
            return try CommandResponse(decoding: Array(outcome.output.utf8.dropLast()))
        } catch {
            throw NoAnswer(description: "\(command) \(payload): \(outcome)")
        }
    }

    struct NoAnswer: Error, CustomStringConvertible {
        let description: String
    }

    func sent(to server: LocalSite.Server) async throws -> CommandResponse { try await sent(to: server.port) }
}
