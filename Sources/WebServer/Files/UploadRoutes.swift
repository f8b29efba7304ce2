import AssetHub
import AssetStore
import HTTPTypes
import Hummingbird

/// Uploads that go on where a broken connection left them
/// (https://datatracker.ietf.org/doc/draft-ietf-httpbis-resumable-upload/).
struct UploadRoutes: Sendable {
    let assets: AssetHub

    static let prefix = "/uploads/"

    func add(to router: RouterGroup<MemberContext>) {
        router.head("uploads/:name") { request, context in
            let (_, entry) = try await resume(context)
            return Response(status: .noContent, headers: await entry.state)
        }
        router.patch("uploads/:name") { request, context in
            try await Problem.ofFiles { try await receive(request, context) }
        }
        router.delete("uploads/:name") { request, context in
            let (name, _) = try await resume(context)
            await assets.uploads.end(name)
            return Response(status: .noContent)
        }
        router.only(.head, .patch, .delete, path: "uploads/:name")
    }

    /// - Throws: `Problem` where there is none, or it is another's.
    private func resume(_ context: MemberContext) async throws -> (String, ResumableUploads.Entry) {
        try context.caller.require(FileRoutes.permission, to: "push files")
        let name = try context.parameters.require("name")
        guard let entry = await assets.uploads.resume(name, by: context.caller.name) else {
            throw Problem(
                .notFound,
                "There is no such upload any more: it has ended, or nothing came for too long. Begin it anew.")
        }
        return (name, entry)
    }

    private func receive(_ request: Request, _ context: MemberContext) async throws -> Response {
        let pass = try assets.gate.enter()
        let (name, entry) = try await resume(context)
        let (announcement, upload) = (entry.announcement, entry.upload)
        guard request.headers[.contentType] == "application/partial-upload" else {
            throw Problem(
                .unsupportedMediaType, "The rest of a file comes with Content-Type: application/partial-upload.")
        }
        let offset = await upload.size
        guard request.headers[.uploadOffset] == "\(offset)" else {
            var response = try Problem(.conflict, "This upload goes on at byte \(offset). Send the rest from there.")
                .response
            response.headers[.uploadOffset] = "\(offset)"
            return response
        }
        try await context.inviteBody(of: request)
        do {
            try await assets.uploads.receive(name) { try await $0.receive(request.body, atMost: announcement.size) }
        } catch let error where error is AssetStoreError || error is Problem {
            await assets.uploads.end(name)
            throw error
        }
        guard request.headers[.uploadComplete] == "?1" else {
            return Response(status: .noContent, headers: await entry.state)
        }
        let digest = try request.announcedDigest ?? announcement.digest
        // It waits for better times with all its bytes.
        try assets.gate.check(pass)
        defer { Task { await assets.uploads.end(name) } }
        return try .accepted(
            try await upload.commit(
                announcement.path, author: announcement.author, digest: digest, size: announcement.size,
                precondition: announcement.precondition
            ) { [gate = assets.gate] in try gate.check(pass) })
    }
}

extension ResumableUploads.Entry {
    fileprivate var state: HTTPFields {
        get async {
            [
                .uploadOffset: "\(await upload.size)", .uploadComplete: "?0", .uploadLength: "\(announcement.size)",
            ]
        }
    }
}
