import HTTPTypes
import HubClient
import HubProtocol
import Hummingbird
import MQTTSession
import NIOCore

/// Users' commands, which a hub decides on as it does on those that come over MQTT: this server's own one, or the active
/// one, with a client's own rights.
struct CommandRoutes: Sendable {
    let access: HubAccess
    /// Of a client.
    let credentials: TLSCredentials?
    let feed: SiteFeed

    private static let commands: [Topic.Command] = [.backupAdd, .backupRemove, .hubSwitch, .siteStop]

    func add(to router: RouterGroup<MemberContext>) {
        for command in Self.commands {
            let path = RouterPath("api/commands/\(command.rawValue)")
            router.post(path) { request, context in try await pass(command, request, of: context.caller) }
            router.only(.post, path: path)
        }
    }

    private func pass(_ command: Topic.Command, _ request: Request, of caller: Caller) async throws -> Response {
        try await pass(command, try await request.json(upTo: Bounds.commandBody), of: caller)
    }

    func pass(_ command: Topic.Command, _ body: [UInt8], of caller: Caller) async throws -> Response {
        do {
            let isOwnHub = access.door != nil
            let response = try await CommandSession.pass(
                command, body, of: caller.name, permission: caller.permission,
                to: try await hub, credentials: isOwnHub ? nil : credentials, within: Bounds.commandPatience)
            return Response.json(response.encoded, status: response.httpStatus)
        } catch let failure as CommandSession.Failure {
            switch failure {
            case .noAnswer:
                throw Problem(
                    .gatewayTimeout,
                    "The command was given, and nobody knows what became of it. Look at the site before you try again.")
            case .unreachable, .refused:
                throw Problem(
                    .serviceUnavailable,
                    "The hub does not answer, and was not given the command. Try again in a moment.")
            }
        }
    }

    /// The one that takes commands.
    private var hub: Endpoint {
        get async throws {
            if let door = access.door { return door }
            guard let view = await feed.view, let active = view.authority?.active?.hub,
                let endpoint = view.endpoint(of: active)
            else {
                throw Problem(
                    .serviceUnavailable,
                    "This machine reaches no active hub, so the command was not given. Try again when it does.")
            }
            return endpoint
        }
    }
}

extension CommandResponse {
    fileprivate var httpStatus: HTTPResponse.Status {
        switch (status, code) {
        case (.ok, _): .ok
        case (.refused, .permissionDenied): .forbidden
        case (.refused, .malformed): .badRequest
        case (.refused, .unknownShow): .notFound
        case (.refused, _): .conflict
        }
    }
}
