import Foundation
import LocalSite
import Testing

/// The Asset Hub's HTTP with curl, as other people's tools use it.
@Suite("HTTP of files", .timeLimit(.minutes(2)))
struct HTTPFilesTests {
    private struct Entry: Decodable {
        var path: String
        var version: Int
        var tag: String
        var sha256: String?
        var size: Int?
        var isDeleted: Bool
        var author: String
    }

    private struct Listing: Decodable {
        var sequence: Int
        var isWhole: Bool
        var files: [Entry]
    }

    private struct Refusal: Decodable {
        var status: Int
        var detail: String
        var expected: Entry?
        var found: Entry?
    }

    private func put(
        _ site: WebSite, _ path: String, _ content: String, as caller: String? = nil, _ headers: String...
    ) async throws -> Answer {
        try await site.get(
            "files/\(path)", as: caller,
            ["--path-as-is", "-X", "PUT", "--data-binary", content] + headers.flatMap { ["-H", $0] })
    }

    private func file(_ site: WebSite, _ content: String) throws -> String {
        let path = "\(site.folder)/content"
        try content.write(toFile: path, atomically: false, encoding: .utf8)
        return path
    }

    private func listing(_ site: WebSite, _ query: String = "", as caller: String? = nil) async throws -> Listing {
        try await site.get("files/\(query)", as: caller).decoded(as: Listing.self)
    }

    @Test("Versions, conditions, ranges, deletions and listings")
    func versions() async throws {
        try await WebSite.with(keys: false) { site in
            let created = try await put(site, "stage/a.txt", "hello", "If-None-Match: *")
            let first = try created.decoded(as: Entry.self)
            #expect(created.status == 201 && first.version == 1 && first.size == 5 && first.author == "main-1")
            #expect(try await put(site, "stage/a.txt", "other", "If-None-Match: *").status == 412)
            let replaced = try await put(site, "stage/a.txt", "hello again", "If-Match: \"\(first.tag)\"")
            let second = try replaced.decoded(as: Entry.self)
            #expect(replaced.status == 200 && second.version == 2)

            let stale = try await put(site, "stage/a.txt", "third", "If-Match: \"\(first.tag)\"")
            let refusal = try stale.decoded(as: Refusal.self)
            #expect(stale.status == 412 && refusal.expected?.tag == first.tag && refusal.found?.tag == second.tag)
            #expect(refusal.detail.contains("version 1") && refusal.detail.contains("version 2"), "\(refusal.detail)")

            let head = try await site.get("files/stage/a.txt", as: nil, ["--head"]).body.lowercased()
            #expect(
                head.contains("etag: \"\(second.tag)\"") && head.contains("content-length: 11")
                    && head.contains("repr-digest: sha-256=:") && head.contains("last-modified: "), "\(head)")
            // Whatever it holds, a browser keeps it and does not run it.
            #expect(
                head.contains("content-disposition: attachment") && head.contains("x-content-type-options: nosniff")
                    && head.contains("content-security-policy: default-src 'none'; sandbox"), "\(head)")
            func get(_ headers: String..., query: String = "") async throws -> Answer {
                try await site.get("files/stage/a.txt\(query)", as: nil, headers.flatMap { ["-H", $0] })
            }
            #expect(try await get("If-None-Match: \"\(second.tag)\"").status == 304)
            #expect(try await get("If-Match: \"\(first.tag)\"").status == 412)
            let part = try await get("Range: bytes=6-8")
            #expect(part.status == 206 && part.body == "aga")
            #expect(try await get("Range: bytes=-5").body == "again")
            #expect(try await get("Range: bytes=6-", "If-Range: \"\(first.tag)\"").body == "hello again")
            #expect(try await get("Range: bytes=11-").status == 416)
            #expect(try await get(query: "?version=1").body == "hello")

            #expect(try await site.get("files/stage/a.txt", as: nil, ["-X", "DELETE"]).status == 200)
            #expect(try await get().status == 404)
            #expect(try await get(query: "?version=2").body == "hello again")
            #expect(try await listing(site).files.isEmpty)
            let deleted = try await listing(site, "?deleted&since=2&prefix=stage/")
            #expect(deleted.sequence == 3 && deleted.files.map(\.isDeleted) == [true] && deleted.files[0].version == 3)
            let again = try await put(site, "stage/a.txt", "back", "If-None-Match: *")
            #expect(try again.decoded(as: Entry.self).version == 4)

            for name in ["b", "c"] { #expect(try await put(site, name, name).status == 201) }
            let page = try await listing(site, "?limit=2")
            #expect(page.files.map(\.path) == ["b", "c"] && !page.isWhole)
            #expect(try await listing(site, "?after=c").files.map(\.path) == ["stage/a.txt"])
        }
    }

    @Test("Names and contents that cannot be right get a clear answer, and leave nothing")
    func badInput() async throws {
        try await WebSite.with(keys: false) { site in
            let names = [
                "../a", "a/../../b", "a/%2e%2e/b", "%2Fetc/passwd", "a//b", "a/", "%00", "a%0Ab", "%FF%FE", "%E9",
                "%C0%AF",
                "a%5Cb", ".", "a/%2", String(repeating: "n", count: 256),
            ]
            for name in names {
                let answer = try await put(site, name, "x")
                #expect(answer.status == 400 && answer.detail?.hasSuffix(".") == true, "\(name): \(answer)")
            }
            let wrong = "Repr-Digest: sha-256=:\(Data(repeating: 7, count: 32).base64EncodedString()):"
            let digest = try await put(site, "a", "x", wrong)
            #expect(digest.status == 400 && digest.detail?.contains("SHA-256") == true)
            #expect(try await put(site, "a", "x", "Repr-Digest: sha-256=short").status == 400)
            #expect(try await put(site, "a", "x", "Content-Range: bytes 0-0/2").status == 400)
            #expect(try await put(site, "a", "x", "If-Match: \"1-nonsense\"").status == 412)
            #expect(try await site.get("files/?limit=0").status == 400)
            #expect(try await site.get("files/a", as: nil, ["-X", "POST"]).status == 405)

            // Shorter than it said: the connection ends.
            let short = try RawConnection(port: site.port)
            short.send("PUT /files/short HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nonly this")
            short.shutdown()
            _ = short.readToEnd(within: 10)
            // Longer than it said: what follows is read as another request.
            let long = try RawConnection(port: site.port)
            long.send("PUT /files/long HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nlonger than that")
            let answered = long.readToEnd(within: 20) ?? ""
            #expect(answered.hasPrefix("HTTP/1.1 201"), "\(answered)")
            #expect(try await site.get("files/long").body == "long")

            #expect(try await put(site, "long/inside", "x").status == 409)
            #expect(try await listing(site).files.map(\.path) == ["long"])
            let uploads = try FileManager.default.contentsOfDirectory(atPath: "\(site.folder)/main-1/files/uploads")
            #expect(uploads.isEmpty, "\(uploads)")
        }
    }

    @Test("An upload goes on where it was cut, belongs to its author, and is judged when it is whole")
    func resumption() async throws {
        try await WebSite.with(keys: true) { site in
            let keys = try #require(site.keys)
            for (name, level) in [("anna", 2), ("ben", 3)] { try keys.file(of: name, .client, permission: level) }
            func begin(_ size: Int) async throws -> String {
                let answer = try await site.get(
                    "files/film", as: "anna",
                    [
                        "-X", "PUT", "-i", "-H", "Upload-Complete: ?0", "-H", "Upload-Length: \(size)", "-H",
                        "Content-Length: 0",
                    ])
                #expect(answer.status == 201)
                let line = answer.body.split(separator: "\r\n").first { $0.lowercased().hasPrefix("location: /") }
                return String(try #require(line).dropFirst("location: /".count))
            }
            func send(_ place: String, _ bytes: String, at offset: Int, last: Bool, as caller: String = "anna")
                async throws -> Answer
            {
                try await site.get(
                    place, as: caller,
                    [
                        "-X", "PATCH", "--data-binary", bytes, "-H", "Content-Type: application/partial-upload", "-H",
                        "Upload-Offset: \(offset)", "-H", "Upload-Complete: ?\(last ? 1 : 0)",
                    ])
            }
            let place = try await begin(10)
            #expect(try await send(place, "01234", at: 0, last: false).status == 204)
            #expect(try await listing(site, as: "anna").files.isEmpty)
            #expect(try await send(place, "56789", at: 4, last: true).status == 409)
            #expect(try await send(place, "56789", at: 5, last: true, as: "ben").status == 404)
            let head = try await site.get(place, as: "anna", ["--head"]).body.lowercased()
            #expect(head.contains("upload-offset: 5"), "\(head)")
            #expect(try await send(place, "56789", at: 5, last: true).status == 201)
            #expect(try await site.get("files/film", as: "anna").body == "0123456789")
            // Whoever lost the answer gets it again.
            #expect(try await site.get(place, as: "anna", ["--head"]).body.lowercased().contains("upload-complete: ?1"))
            let again = try await send(place, "", at: 10, last: true)
            #expect(try again.decoded(as: Entry.self).version == 1)
            // More and less than was announced.
            #expect(try await send(begin(3), "four", at: 0, last: true).status == 400)
            #expect(try await send(begin(5), "four", at: 0, last: true).status == 400)
            #expect(try await listing(site, as: "anna").files.map(\.version) == [1])
        }
    }

    @Test("Who resumes an upload takes it over; what an older connection still sends does not count, and harms nobody")
    func takeover() async throws {
        try await WebSite.with(keys: false) { site in
            let begun = try await site.get(
                "files/film", as: nil,
                ["-X", "PUT", "-i", "-H", "Upload-Complete: ?0", "-H", "Upload-Length: 10", "-H", "Content-Length: 0"])
            let line = begun.body.split(separator: "\r\n").first { $0.lowercased().hasPrefix("location: /") }
            let place = String(try #require(line).dropFirst("location: /".count))
            func patch(_ connection: RawConnection, from offset: Int, _ bytes: String) {
                connection.send(
                    """
                    PATCH /\(place) HTTP/1.1\r
                    Host: localhost\r
                    Content-Type: application/partial-upload\r
                    Upload-Offset: \(offset)\r
                    Upload-Complete: ?1\r
                    Content-Length: \(10 - offset)\r
                    \r
                    \(bytes)
                    """)
            }
            func offset() async throws -> Int? {
                let head = try await site.get(place, as: nil, ["--head"]).body.lowercased()
                return head.split(separator: "\r\n").first { $0.hasPrefix("upload-offset: ") }
                    .flatMap { Int($0.dropFirst("upload-offset: ".count)) }
            }
            var dead: RawConnection
            repeat {
                // Whoever asks takes over, also before the first byte has come.
                dead = try RawConnection(port: site.port)
                patch(dead, from: 0, "012")
                try await Task.sleep(for: .milliseconds(50))
            } while try await offset() == 0
            #expect(try await offset() == 3)
            dead.send("wrong!!")
            _ = dead.readToEnd(within: 10)
            #expect(try await offset() == 3)
            // Many at once: each takes over from the one before, and what comes of them is whole or nothing.
            let many = try (0..<20).map { _ in try RawConnection(port: site.port) }
            for connection in many { patch(connection, from: 3, "3456789") }
            for connection in many { connection.shutdown() }
            let accepted = many.compactMap { $0.readToEnd(within: 10) }.count { $0.hasPrefix("HTTP/1.1 201") }
            #expect(accepted <= 1)
            if accepted == 0, let offset = try await offset() {
                let last = try RawConnection(port: site.port)
                patch(last, from: offset, String("0123456789".dropFirst(offset)))
                last.shutdown()
                #expect(last.readToEnd(within: 10)?.hasPrefix("HTTP/1.1 201") == true)
            }
            #expect(try await site.get("files/film").body == "0123456789")
            #expect(try await site.get("healthz").status == 200)
        }
    }

    @Test("A body of no said length is not taken: one that ends early would look whole")
    func length() async throws {
        try await WebSite.with(keys: false) { site in
            let content = try file(site, "content")
            let chunked = try await site.get("files/a", as: nil, ["-T", content, "-H", "Transfer-Encoding: chunked"])
            #expect(chunked.status == 411 && chunked.detail?.contains("Content-Length") == true)
            #expect(try await site.get("/files/a", as: nil, ["-T", content]).status == 400)
        }
    }

    @Test("A client that asks whether its content is wanted hears so at once")
    func expectation() async throws {
        try await WebSite.with(keys: false) { site in
            let content = try file(site, String(repeating: "x", count: 2_000_000))
            let answer = try await site.get(
                "files/a", as: nil, ["--verbose", "--stderr", "-", "-T", content, "-H", "Expect: 100-continue"])
            #expect(answer.status == 201 && answer.body.contains("HTTP/1.1 100 Continue"), "\(answer.body)")
        }
    }

    @Test("Levels: 1 sees no files, 2 pushes and pulls, 3 deletes and rebuilds; a stranger gets nothing")
    func levels() async throws {
        try await WebSite.with(keys: true) { site in
            let keys = try #require(site.keys)
            for level in 1...3 { try keys.file(of: "level-\(level)", .client, permission: level) }
            #expect(try await put(site, "a", "x").status == 401)
            #expect(try await put(site, "a", "x", as: "level-1").status == 403)
            let pushed = try await put(site, "a", "x", as: "level-2")
            #expect(try pushed.status == 201 && pushed.decoded(as: Entry.self).author == "level-2")
            #expect(try await site.get("files/a", as: "level-1").status == 403)
            #expect(try await site.get("files/", as: "level-1").status == 403)
            #expect(try await site.get("files/a", as: "level-2").body == "x")
            #expect(try await site.get("files/a", as: "level-2", ["-X", "DELETE"]).status == 403)
            #expect(try await site.post("files/rebuild", as: "level-2").status == 403)
            #expect(try await site.post("files/rebuild", as: "level-3").status == 200)
            #expect(try await site.get("files/a", as: "level-3", ["-X", "DELETE"]).status == 200)
        }
    }

    @Test("A key that is revoked while its file comes pushes nothing")
    func revoked() async throws {
        try await WebSite.with(keys: true) { site in
            let keys = try #require(site.keys)
            for (name, level) in [("thief", 3), ("anna", 2)] { try keys.file(of: name, .client, permission: level) }
            let content = "\(site.folder)/large"
            try Data(count: 400_000).write(to: URL(filePath: content))
            async let slow = site.get("files/stolen", as: "thief", ["-T", content, "--limit-rate", "100k"])
            // It is coming.
            let uploads = "\(site.folder)/main-1/files/uploads"
            while try FileManager.default.contentsOfDirectory(atPath: uploads).isEmpty {
                try await Task.sleep(for: .milliseconds(10))
            }
            let outcome = try await Understudy.run(
                Understudy.program,
                ["keys", "revoke", "thief", "--site", keys.authorityPath, "--hub", "127.0.0.1:\(site.hubPort)"])
            #expect(outcome.code == 0)
            let answer = try await slow
            #expect(answer.status == 401 && answer.detail?.contains("was revoked") == true, "\(answer)")
            #expect(try await listing(site, as: "anna").files.isEmpty)
        }
    }

    @Test("A damaged index is made anew by a command, and nothing is lost")
    func damagedIndex() async throws {
        try await WebSite.with(keys: false) { site in
            for number in 0..<20 { #expect(try await put(site, "f\(number)", "\(number)").status == 201) }
            let index = "\(site.folder)/main-1/files/index.sqlite"
            let file = try FileHandle(forWritingTo: URL(filePath: index))
            let wal = try FileHandle(forWritingTo: URL(filePath: index + "-wal"))
            try wal.truncate(atOffset: 0)
            try file.seek(toOffset: 0)
            try file.write(contentsOf: Data(repeating: 0xAA, count: 64 * 1024))
            let broken = try await site.get("files/")
            #expect(broken.status == 500 && broken.detail?.contains("files rebuild") == true, "\(broken)")
            let rebuilt = try await Understudy.run(
                Understudy.program, ["files", "rebuild", "--hub", "127.0.0.1:\(site.hubPort)"])
            #expect(rebuilt.code == 0, "\(rebuilt.error)")
            #expect(try await listing(site).files.count == 20)
            #expect(try await put(site, "f1", "new").decoded(as: Entry.self).version == 2)
        }
    }
}
