import AssetHub
import AssetStore
import HTTPTypes
import Hummingbird

/// Uploads that go on where a broken connection left them
/// (https://datatracker.ietf.org/doc/draft-ietf-httpbis-resumable-upload/).
struct UploadRoutes: Sendable {
    let assets: AssetHub
    let keys: WebKeys?

    static let prefix = "/uploads/"

    func add(to router: RouterGroup<MemberContext>) {
        router.head("uploads/:name") { request, context in
            try await Problem.ofFiles {
                let turn = try await resume(request, context)
                return Response(status: .noContent, headers: state(of: turn, at: turn.offset))
            }
        }
        router.patch("uploads/:name") { request, context in
            try await Problem.ofFiles { try await receive(request, context) }
        }
        router.delete("uploads/:name") { request, context in
            try await Problem.ofFiles {
                try await assets.uploads.giveUp(try await resume(request, context))
                return Response(status: .noContent)
            }
        }
        router.only(.head, .patch, .delete, path: "uploads/:name")
    }

    private func resume(_ request: Request, _ context: MemberContext) async throws -> ResumableUploads.Turn {
        try context.caller.require(FileRoutes.permission, to: "push files")
        return try await assets.uploads.resume(
            try context.parameters.require("name"), by: request.author(context.caller))
    }

    private func receive(_ request: Request, _ context: MemberContext) async throws -> Response {
        let pass = try assets.gate.enter()
        let turn = try await resume(request, context)
        guard request.headers[.contentType] == "application/partial-upload" else {
            throw Problem(
                .unsupportedMediaType, "The rest of a file comes with Content-Type: application/partial-upload.")
        }
        guard request.headers[.uploadOffset] == "\(turn.offset)" else {
            var response = try Problem(
                .conflict, "This upload goes on at byte \(turn.offset). Send the rest from there."
            ).response
            response.headers[.uploadOffset] = "\(turn.offset)"
            return response
        }
        // The answer to an earlier request was lost.
        if let outcome = turn.outcome { return try .accepted(try await outcome.value) }
        let announcement = turn.announcement
        let digest = try request.announcedDigest ?? announcement.digest
        let seat = try assets.takeSeat()
        defer { withExtendedLifetime(seat) {} }
        try await context.inviteBody(of: request)
        let offset: Int
        do {
            offset = try await assets.uploads.receive(turn) {
                try await $0.receive(request.body, atMost: announcement.size)
            }
        } catch let error where error is AssetStoreError || error is Problem {
            try? await assets.uploads.giveUp(turn)
            throw error
        }
        guard request.headers[.uploadComplete] == "?1" else {
            return Response(status: .noContent, headers: state(of: turn, at: offset))
        }
        // It waits for better times with all its bytes.
        try assets.gate.check(pass)
        let caller = context.caller
        return try .accepted(
            try await assets.uploads.commit(turn) { upload in
                try await upload.commit(
                    announcement.path, author: announcement.author, digest: digest, size: announcement.size,
                    precondition: announcement.precondition
                ) {
                    try assets.gate.check(pass)
                    try caller.check(keys)
                }
            })
    }

    private func state(of turn: ResumableUploads.Turn, at offset: Int) -> HTTPFields {
        let isComplete = turn.outcome == nil ? "?0" : "?1"
        return [.uploadOffset: "\(offset)", .uploadComplete: isComplete, .uploadLength: "\(turn.announcement.size)"]
    }
}
