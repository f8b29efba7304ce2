import HTTPTypes
import HubClient
import HubProtocol
import Hummingbird
import MQTTSession
import NIOCore

/// Users' commands, which this server's hub decides on as it does on those that come over MQTT.
struct CommandRoutes: Sendable {
    let hub: Endpoint

    private static let commands: [Topic.Command] = [.backupAdd, .backupRemove, .hubSwitch, .siteStop]

    func add(to router: RouterGroup<MemberContext>) {
        for command in Self.commands {
            let path = RouterPath("api/commands/\(command.rawValue)")
            router.post(path) { request, context in try await pass(command, request, of: context.caller) }
            router.only(.post, path: path)
        }
    }

    private func pass(_ command: Topic.Command, _ request: Request, of caller: Caller) async throws -> Response {
        try await pass(command, try await body(of: request), of: caller)
    }

    /// A JSON object, as far as can be told from outside.
    func body(of request: Request) async throws -> [UInt8] {
        // A page elsewhere could send any other type without asking first.
        let type = request.headers[.contentType]?.prefix { $0 != ";" }.trimmingSpaces.lowercased()
        guard type == "application/json" else {
            throw Problem(
                .unsupportedMediaType, "A command is a JSON object. Send it with Content-Type: application/json.")
        }
        do {
            return Array(try await request.body.collect(upTo: Bounds.commandBody).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw Problem(
                .contentTooLarge, "A command has at most \(Bounds.commandBody / 1024) KiB, and this one has more.")
        }
    }

    func pass(_ command: Topic.Command, _ body: [UInt8], of caller: Caller) async throws -> Response {
        do {
            let response = try await CommandSession.pass(
                command, body, of: caller.name, permission: caller.permission, to: hub,
                within: Bounds.commandPatience)
            return Response.json(response.encoded, status: response.httpStatus)
        } catch let failure as CommandSession.Failure {
            switch failure {
            case .noAnswer:
                throw Problem(
                    .gatewayTimeout,
                    "The command was given, and nobody knows what became of it. Look at the site before you try again.")
            case .unreachable, .refused:
                throw Problem(
                    .serviceUnavailable, "The hub of this server does not answer, and was not given the command.")
            }
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

extension Substring {
    fileprivate var trimmingSpaces: Substring { drop { $0 == " " }.prefix { $0 != " " } }
}
