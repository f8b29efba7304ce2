import AssetProtocol
import AssetStore
import FailoverCore
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes

/// What a client says of a content before it sends it.
struct FilePush {
    let path: StoragePath
    let author: MachineName
    let precondition: Precondition
    let digest: ContentDigest?
    let checksum: UInt32?
    /// In bytes.
    let size: Int?

    /// - Throws: `Problem`.
    init(_ request: Request, by author: MachineName) throws {
        path = try request.storagePath(behind: FileRoutes.prefix)
        self.author = author
        precondition = try Precondition(request.headers)
        (digest, checksum) = try request.announcedDigest
        let isInParts = request.headers[.uploadComplete] == "?0"
        size = try request.headers[isInParts ? .uploadLength : .contentLength].map {
            guard let size = Int($0), size >= 0 else { throw Problem(.badRequest, "A length is a number of bytes.") }
            return size
        }
        // A body that ends early looks like a whole one otherwise.
        guard size != nil || digest != nil || checksum != nil else {
            throw Problem(
                .lengthRequired, "A push says how long it is, with Content-Length, or what it is, with Repr-Digest.")
        }
        // It would be taken for the whole file.
        guard request.headers[.contentRange] == nil else {
            throw Problem(.badRequest, "A part of a file cannot be put. See Upload-Complete.")
        }
    }
}

extension Request {
    /// What the client says that the whole content's SHA-256 or CRC-32C is.
    ///
    /// - Throws: `Problem`.
    var announcedDigest: (digest: ContentDigest?, checksum: UInt32?) {
        get throws {
            guard let text = headers[.reprDigest] else { return (nil, nil) }
            let announced = (digest: DigestField.digest(in: text), checksum: DigestField.checksum(in: text))
            guard announced.digest != nil || announced.checksum != nil else {
                throw Problem(
                    .badRequest,
                    "Repr-Digest is sha-256=:BASE64: or crc32c=:BASE64:, the SHA-256 or the CRC-32C of the whole file.")
            }
            return announced
        }
    }
}

extension Precondition {
    /// From `If-Match` and `If-None-Match`.
    ///
    /// - Throws: `Problem` for what no client needs.
    init(_ headers: HTTPFields) throws {
        switch (EntityTags(.ifMatch, in: headers), EntityTags(.ifNoneMatch, in: headers)) {
        case (nil, nil): self = .none
        case (.any, nil): self = .exists
        case (nil, .any): self = .doesNotExist
        case (.these(let tags), nil) where tags.count == 1:
            guard let tag = VersionTag(tags[0]) else {
                throw Problem(
                    .preconditionFailed,
                    "If-Match names no version of this server's. Send the ETag as it came, in its quotes.")
            }
            self = .newestIs(tag)
        default:
            throw Problem(.badRequest, "A change names one version with If-Match, or * with If-Match or If-None-Match.")
        }
    }
}

extension Upload {
    /// - Parameter size: in bytes, more of which are not taken.
    func receive(_ body: RequestBody, atMost size: Int?) async throws {
        for try await part in body {
            if let size, self.size + part.readableBytes > size {
                throw Problem(.badRequest, "More bytes came than the \(size) that were announced. Nothing was changed.")
            }
            try await append(part.readableBytesView)
        }
    }
}

extension MemberContext {
    /// Asks a client for its content that waits to hear whether it is wanted
    /// (https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1).
    func inviteBody(of request: Request) async throws {
        guard request.headers[.expect]?.lowercased() == "100-continue" else { return }
        try await channel.writeAndFlush(HTTPResponsePart.head(.init(status: .continue)))
    }
}

extension Response {
    /// A version that is on disk now.
    static func accepted(_ version: FileVersion) throws -> Response {
        var response = try Response.json(FileEntry(version), status: version.number == 1 ? .created : .ok)
        response.headers[.eTag] = "\"\(version.tag)\""
        return response
    }
}
