import AssetProtocol
import AsyncHTTPClient
import ContentFile
import Foundation
import NIOCore

extension AssetServer {
    /// The newest versions of the files, by path: all pages as one.
    ///
    /// - Parameters:
    ///   - prefix: with what the files' paths begin.
    ///   - withDeletions: those whose newest version is a deletion are named too.
    /// - Throws: `AssetClientError`.
    public func listing(prefix: String = "", withDeletions: Bool) async throws -> FileListing {
        var listing: FileListing?
        while true {
            var address = URLComponents()
            address.queryItems =
                [URLQueryItem(name: "prefix", value: prefix)]
                + (withDeletions ? [URLQueryItem(name: "deleted", value: "true")] : [])
                + (listing?.files.last.map { [URLQueryItem(name: "after", value: $0.path.description)] } ?? [])
            // A plus sign would be read as a space.
            let query = (address.percentEncodedQuery ?? "").replacing("+", with: "%2B")
            let page = try await retrying { try await decode(FileListing.self, send(request(.GET, file: "?\(query)"))) }
            guard page.files.allSatisfy({ (0...Self.largestFile).contains($0.size ?? 0) }) else {
                throw AssetClientError.senseless(what: "the list of files")
            }
            if listing == nil { listing = FileListing(sequence: page.sequence, isWhole: true, files: []) }
            let last = listing!.files.last?.path
            // A server that repeats itself would keep this going for ever.
            guard page.isWhole || page.files.last.map({ last == nil || last! < $0.path }) == true else {
                throw AssetClientError.senseless(what: "the list of files")
            }
            listing!.files += page.files
            if page.isWhole { return listing! }
        }
    }

    /// In bytes: no disk is larger, and the sum of all files in a listing is a number.
    private static let largestFile = 1 << 50

    /// A small content, which is sent at once.
    func put(
        _ path: StoragePath, _ content: ByteBuffer, digest: ContentDigest, condition: UploadCondition
    ) async throws -> FileEntry {
        var request = request(
            .PUT, file: path.encoded, condition.headers + [(DigestField.name, DigestField.text(digest))])
        request.body = .bytes(content)
        return try await decode(FileEntry.self, send(request))
    }

    /// A content that is read while it is sent.
    func put(_ body: FileBody, checksum: ContentChecksum, condition: UploadCondition) async throws -> FileEntry {
        let headers = condition.headers + [(DigestField.name, DigestField.text(checksum: checksum.value))]
        var request = request(.PUT, file: body.path.encoded, headers)
        request.body = .stream(body, length: .known(Int64(body.stamp.size)))
        return try await decode(FileEntry.self, send(request))
    }

    /// - Parameter tag: of the version that is deleted; `nil`: the newest, whatever it is.
    func delete(_ path: StoragePath, tag: String?) async throws -> FileEntry {
        let request = request(.DELETE, file: path.encoded, tag.map { [("If-Match", "\"\($0)\"")] } ?? [])
        return try await decode(FileEntry.self, send(request))
    }

    /// The content of one version, from a byte on.
    ///
    /// - Returns: `start` is 0 where the server sends all of it.
    func get(_ version: FileEntry, from offset: Int) async throws -> (start: Int, body: HTTPClientResponse.Body) {
        var headers: [(String, String)] = []
        if offset > 0 { headers = [("Range", "bytes=\(offset)-"), ("If-Range", "\"\(version.tag)\"")] }
        let response = try await send(
            request(.GET, file: "\(version.path.encoded)?version=\(version.version)", headers))
        guard response.status == .partialContent else { return (0, response.body) }
        guard response.headers.first(name: "Content-Range")?.hasPrefix("bytes \(offset)-") == true else {
            throw AssetClientError.senseless(what: "a part of \(version.path)")
        }
        return (offset, response.body)
    }

    /// Has the server make its index of files anew from its journal.
    public func rebuild() async throws {
        var request = try request(
            .POST, location: "/api/commands/files/rebuild", [("Content-Type", "application/json")])
        request.body = .bytes(ByteBuffer(string: "{}"))
        try await drain(send(request))
    }

    // MARK: - Resumable uploads (draft-ietf-httpbis-resumable-upload)

    /// - Returns: where the content is to be sent to.
    func beginUpload(_ path: StoragePath, size: Int, condition: UploadCondition) async throws -> String {
        let headers = condition.headers + [("Upload-Complete", "?0"), ("Upload-Length", "\(size)")]
        let response = try await send(request(.PUT, file: path.encoded, headers))
        try await drain(response)
        guard let location = response.headers.first(name: "Location") else {
            throw AssetClientError.senseless(what: "the answer to the beginning of an upload")
        }
        return location
    }

    /// How many bytes of an upload arrived; `nil`: it is gone.
    func offset(of location: String) async throws -> Int? {
        do {
            let response = try await send(request(.HEAD, location: location))
            try await drain(response)
            return response.headers.first(name: "Upload-Offset").flatMap { Int($0) }
        } catch AssetClientError.notThere {
            return nil
        }
    }

    /// Sends what is left of the content. It counts once it was finished.
    func continueUpload(_ location: String, _ body: FileBody) async throws {
        var request = try part(of: location, from: body.start, isLast: false)
        request.body = .stream(body, length: .known(Int64(body.stamp.size - body.start)))
        try await drain(send(request))
    }

    /// - Parameters:
    ///   - size: of the content, all of which the server has.
    ///   - checksum: of what was sent; the server refuses anything else.
    func finishUpload(_ location: String, size: Int, checksum: ContentChecksum) async throws -> FileEntry {
        var request = try part(of: location, from: size, isLast: true)
        request.headers.add(name: DigestField.name, value: DigestField.text(checksum: checksum.value))
        return try await decode(FileEntry.self, send(request))
    }

    private func part(of location: String, from offset: Int, isLast: Bool) throws -> HTTPClientRequest {
        try request(
            .PATCH, location: location,
            [
                ("Content-Type", "application/partial-upload"), ("Upload-Offset", "\(offset)"),
                ("Upload-Complete", isLast ? "?1" : "?0"),
            ])
    }

    func giveUpUpload(_ location: String) async {
        guard let response = try? await send(request(.DELETE, location: location)) else { return }
        try? await drain(response)
    }
}

extension UploadCondition {
    var headers: [(String, String)] {
        switch self {
        case .none: []
        case .newestIs(let tag): [("If-Match", "\"\(tag)\"")]
        case .doesNotExist: [("If-None-Match", "*")]
        }
    }
}
