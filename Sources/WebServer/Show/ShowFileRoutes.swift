import HTTPTypes
import HubProtocol
import Hummingbird

/// The show files of this server, as far as HTTP needs them.
public struct ShowShelf: Sendable {
    let list: @Sendable () -> HubShows
    /// The bytes of a file; `nil`: there is none of that name.
    let content: @Sendable (ShowName) async -> [UInt8]?

    public init(
        list: @escaping @Sendable () -> HubShows, content: @escaping @Sendable (ShowName) async -> [UInt8]?
    ) {
        (self.list, self.content) = (list, content)
    }
}

/// Show files: the list, a file to take away, saving and loading.
struct ShowFileRoutes: Sendable {
    /// `nil`: this is no Main server.
    let shelf: ShowShelf?
    /// On a client, whose files are Main's.
    let main: WayToMain?
    let commands: CommandRoutes

    func add(to router: RouterGroup<MemberContext>) {
        router.get("show") { request, context in
            if let main { return try await main.pass(request, context, by: main.files) }
            return Response.json(try shelf(for: context.caller).list().encoded)
        }
        router.only(.get, path: "show")
        router.get("show/:name") { request, context in
            let name = try name(in: context)
            if let main { return try await main.pass(request, context, by: main.files) }
            guard let content = try await shelf(for: context.caller).content(name) else {
                throw Problem(.notFound, "There is no show file \(name). GET /show lists those that there are.")
            }
            var response = Response.json(content)
            response.headers[.contentDisposition] = "attachment; filename*=UTF-8''\(name.inHeader).show"
            return response
        }
        router.put("show/:name") { request, context in
            let name = try name(in: context)
            _ = try await request.json(upTo: Bounds.commandBody)
            return try await commands.pass(.showSave, ShowSaveCommand(name: name).encoded, of: context.caller)
        }
        router.post("show/:name/load") { request, context in
            let name = try name(in: context)
            _ = try await request.json(upTo: Bounds.commandBody)
            return try await commands.pass(.showLoad, ShowLoadCommand(name: name).encoded, of: context.caller)
        }
        router.only(.post, path: "show/:name/load")
    }

    /// All that others wrote is in them.
    private func shelf(for caller: Caller) throws -> ShowShelf {
        guard caller.permission ?? 3 >= 2 else {
            throw Problem(
                .forbidden, "Show files are for permission 2 and above, and the key of \(caller.name) has less.")
        }
        guard let shelf else {
            throw Problem(.conflict, "Show files lie on the Main server, and this is the Backup. Ask that one.")
        }
        return shelf
    }

    private func name(in context: MemberContext) throws -> ShowName {
        guard let text = context.parameters.get("name")?.removingPercentEncoding, let name = ShowName(text) else {
            throw Problem(.badRequest, ShowName.rule)
        }
        return name
    }
}

extension ShowName {
    /// As the parameter of a header's field has it (RFC 8187, 3.2.1).
    fileprivate var inHeader: String {
        description.utf8.map { byte in
            let isPlain =
                byte < 0x80 && (Character(UnicodeScalar(byte)).isLetter || Character(UnicodeScalar(byte)).isNumber)
            return isPlain || "-_.+&!#".utf8.contains(byte)
                ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}
