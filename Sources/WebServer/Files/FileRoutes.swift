import AssetHub
import AssetProtocol
import AssetStore
import HTTPTypes
import HubProtocol
import Hummingbird

/// The site's files, on the server on which they lie.
struct FileRoutes: Sendable {
    let assets: AssetHub
    let keys: WebKeys?

    static let prefix = "/files/"
    /// Sees files, pushes and pulls them.
    static let permission = 2
    private static let permissionToDelete = 3
    private static let permissionToRebuild = 3

    func add(to router: RouterGroup<MemberContext>) {
        router.get("files") { request, context in
            try context.caller.require(Self.permission, to: "see files")
            return try await Problem.ofFiles { try await list(request) }
        }
        router.only(.get, path: "files")
        router.get("files/**") { request, context in
            try context.caller.require(Self.permission, to: "pull files")
            return try await Problem.ofFiles { try await get(request) }
        }
        router.put("files/**") { request, context in
            try context.caller.require(Self.permission, to: "push files")
            return try await Problem.ofFiles { try await put(request, context) }
        }
        router.delete("files/**") { request, context in
            try context.caller.require(Self.permissionToDelete, to: "delete files")
            return try await Problem.ofFiles { try await delete(request, context) }
        }
        router.only(.get, .put, .delete, path: "files/**")
        router.post("api/commands/files/rebuild") { request, context in
            _ = try await request.json(upTo: Bounds.commandBody)
            try context.caller.require(Self.permissionToRebuild, to: "rebuild the index of files")
            return try await Problem.ofFiles {
                try await assets.store.rebuild()
                return Response.json(CommandResponse.ok.encoded)
            }
        }
        router.only(.post, path: "api/commands/files/rebuild")
    }

    // MARK: - Looking

    private func list(_ request: Request) async throws -> Response {
        let query = request.uri.queryParameters
        func number(_ name: Substring, _ bounds: ClosedRange<Int>) throws -> Int? {
            guard let text = query[name] else { return nil }
            guard let number = Int(text), bounds.contains(number) else {
                throw Problem(.badRequest, "\(name) is a number from \(bounds.lowerBound) to \(bounds.upperBound).")
            }
            return number
        }
        var after: StoragePath?
        if let text = query["after"] {
            do throws(StoragePathError) { after = try StoragePath(String(text)) } catch {
                throw Problem(.badRequest, error.description.capitalizedFirst)
            }
        }
        let listing = try await assets.store.list(
            ListingQuery(
                prefix: query["prefix"].map(String.init) ?? "", since: try number("since", 0...Int.max) ?? 0,
                withDeletions: query["deleted"] != nil, limit: try number("limit", 1...1000) ?? 1000, after: after))
        return try .json(
            FileListing(
                sequence: listing.sequence, isWhole: listing.isWhole, files: listing.versions.map(FileEntry.init)))
    }

    private func get(_ request: Request) async throws -> Response {
        let path = try request.storagePath(behind: Self.prefix)
        let query = request.uri.queryParameters
        if query["versions"] != nil {
            let versions = try await assets.store.versions(of: path)
            guard !versions.isEmpty else { throw AssetStoreError.noSuchFile(path) }
            return try .json(FileVersions(versions: versions.map(FileEntry.init)))
        }
        // Whether there is such a file may be asked at any time.
        if request.method == .get { _ = try assets.gate.enter() }
        var number: Int?
        if let text = query["version"] {
            number = Int(text)
            guard number != nil else { throw Problem(.badRequest, "A version is a number.") }
        }
        return try FileDownload(file: try await assets.store.open(path, version: number), request: request).response()
    }

    // MARK: - Changing

    private func put(_ request: Request, _ context: MemberContext) async throws -> Response {
        let push = try FilePush(request, by: request.author(context.caller))
        let pass = try assets.gate.enter()
        if request.headers[.uploadComplete] == "?0" { return try await begin(push) }
        try await assets.store.check(push.precondition, at: push.path)
        try assets.store.checkRoom(for: push.size ?? 0)
        let seat = try assets.takeSeat()
        defer { withExtendedLifetime(seat) {} }
        try await context.inviteBody(of: request)
        let upload = assets.store.begin()
        do {
            try await upload.receive(request.body, atMost: push.size)
            let version = try await upload.commit(
                push.path, author: push.author, digest: push.digest, size: push.size, precondition: push.precondition
            ) { try stillMay(context.caller, pass) }
            return try .accepted(version)
        } catch {
            await upload.abort()
            throw error
        }
    }

    /// Asked at the last moment: a key may have been revoked while a large file came, and Main may have stood down.
    @Sendable private func stillMay(_ caller: Caller, _ pass: FileGate.Pass) throws {
        try assets.gate.check(pass)
        try caller.check(keys)
    }

    private func delete(_ request: Request, _ context: MemberContext) async throws -> Response {
        let path = try request.storagePath(behind: Self.prefix)
        let pass = try assets.gate.enter()
        let version = try await assets.store.delete(
            path, author: request.author(context.caller), precondition: try Precondition(request.headers)
        ) { try stillMay(context.caller, pass) }
        return try .json(FileEntry(version))
    }

    private func begin(_ push: FilePush) async throws -> Response {
        guard let size = push.size else {
            throw Problem(
                .lengthRequired, "An upload that comes in parts says with Upload-Length how many bytes it will have.")
        }
        try await assets.store.check(push.precondition, at: push.path)
        try assets.store.checkRoom(for: size)
        do throws(ResumableUploads.TooMany) {
            let name = try await assets.uploads.begin(
                .init(
                    path: push.path, author: push.author, precondition: push.precondition, digest: push.digest,
                    size: size))
            return Response(
                status: .created,
                headers: [
                    .location: "\(UploadRoutes.prefix)\(name)", .uploadOffset: "0", .uploadComplete: "?0",
                    .contentLength: "0",
                ])
        } catch {
            throw Problem(.serviceUnavailable, "Too many uploads are under way. Try again when one of them has ended.")
        }
    }
}
