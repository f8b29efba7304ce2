import FailoverCore
import Foundation
import HubProtocol
import LocalSite
import Testing

/// Main's files and show files through a client's HTTP, with that client's rights.
@Suite("HTTP of files, through a client", .timeLimit(.minutes(2)))
struct HTTPFilesThroughClientTests {
    private struct Entry: Decodable {
        var version: Int
        var author: String
    }

    /// On loopback, a client of level 2 and one of level 1.
    private static func withClients(
        hasKeys: Bool, _ body: (LocalSite, _ second: String, _ first: String) async throws -> Void
    ) async throws {
        let site = try await LocalSite(returnDelay: 0.3, hasKeys: hasKeys, hasPanels: true)
        let clients = ["cam-1", "gfx-1"].map { MachineName($0)! }
        do {
            if hasKeys {
                for (client, level) in zip(clients, [2, 1]) { _ = try site.key(of: client, permission: level) }
            }
            try await site.startAll(clients: clients)
            try await site.watch.wait(for: "files are open") { $0.authority?.files?.push == .open }
            try await body(
                site, try #require(await site.panel(of: clients[0])), try #require(await site.panel(of: clients[1])))
        } catch {
            for (name, process) in await site.runs { print(name, process.lines.suffix(5)) }
            await site.end()
            throw error
        }
        await site.end()
    }

    private func put(_ url: String, _ content: String, _ headers: String...) async throws -> Answer {
        try await Curl.run(url, ["-X", "PUT", "--data-binary", content] + headers.flatMap { ["-H", $0] })
    }

    @Test(
        "Level 2 pushes and pulls in its own name, level 1 is refused, and so are other people's pages",
        arguments: [true, false])
    func rights(hasKeys: Bool) async throws {
        try await Self.withClients(hasKeys: hasKeys) { site, second, first in
            let pushed = try await put("\(second)/files/stage/a%20b.txt", "hello", "If-None-Match: *")
            let entry = try pushed.decoded(as: Entry.self)
            #expect(pushed.status == 201 && entry.version == 1 && entry.author == "cam-1", "\(pushed)")
            let again = try await put("\(second)/files/stage/a%20b.txt", "hello", "If-None-Match: *")
            #expect(again.status == 412 && again.detail?.contains("version 1") == true, "\(again)")
            // Nobody else's name is taken from whoever uses this machine.
            let named = try await put("\(second)/files/b", "x", "Understudy-Author: main-1")
            #expect(try named.decoded(as: Entry.self).author == "cam-1")
            for (url, status) in [(first, hasKeys ? 403 : 200), (second, 200)] {
                #expect(try await Curl.run("\(url)/files/", []).status == status)
                #expect(try await put("\(url)/files/b", "y").status == status)
                #expect(try await Curl.run("\(url)/show", []).status == status)
            }
            #expect(try await put("\(second)/files/c", "x", "Origin: http://evil.example").status == 403)
            #expect(try await put("\(second)/files/c", "x", "Host: evil.example").status == 421)

            let address = "\(second)/files/stage/a%20b.txt"
            #expect(try await Curl.run(address, []).body == "hello")
            let part = try await Curl.run(address, ["-H", "Range: bytes=1-2"])
            #expect(part.status == 206 && part.body == "el")
            let head = try await Curl.run(address, ["--head"]).body.lowercased()
            for field in ["etag: \"1-", "content-length: 5", "content-disposition: attachment", "; sandbox"] {
                #expect(head.contains(field), "\(field): \(head)")
            }
            #expect(try await Curl.run("\(second)/files/none", []).status == 404)
            // Deleting takes level 3.
            #expect(try await Curl.run(address, ["-X", "DELETE"]).status == (hasKeys ? 403 : 200))
            try await resumed(second)
            try await shows(second, mayLoad: !hasKeys)
        }
    }

    /// An upload that goes on where it was left.
    private func resumed(_ url: String) async throws {
        let begun = try await Curl.run(
            "\(url)/files/film",
            ["-i", "-X", "PUT", "-H", "Upload-Complete: ?0", "-H", "Upload-Length: 4", "-H", "Content-Length: 0"])
        let place = try #require(begun.body.split(separator: "\r\n").first { $0.lowercased().hasPrefix("location: ") })
        let finished = try await Curl.run(
            url + place.dropFirst("location: ".count),
            [
                "-X", "PATCH", "--data-binary", "film", "-H", "Content-Type: application/partial-upload", "-H",
                "Upload-Offset: 0", "-H", "Upload-Complete: ?1",
            ])
        #expect(finished.status == 201, "\(finished)")
        #expect(try await Curl.run("\(url)/files/film", []).body == "film")
    }

    private func shows(_ url: String, mayLoad: Bool) async throws {
        let json = ["-H", "Content-Type: application/json", "-d", "{}"]
        let saved = try await Curl.run("\(url)/show/Friday%20Night", ["-X", "PUT"] + json)
        #expect(saved.status == 200, "\(saved)")
        let listed = try await Curl.run("\(url)/show", []).decoded(as: HubShows.self)
        #expect(listed.current?.description == "Friday Night" && listed.shows.first?.savedBy?.description == "cam-1")
        #expect(try await Curl.run("\(url)/show/Friday%20Night", []).body.contains(#""savedBy" : "cam-1""#))
        #expect(try await Curl.run("\(url)/show/Other", []).status == 404)
        #expect(try await Curl.run("\(url)/show/Friday%20Night/load", json).status == (mayLoad ? 200 : 403))
    }

    @Test("200 MB pass in bounded memory; what ends early is not accepted; when Main is lost it is said why")
    func large() async throws {
        try await Self.withClients(hasKeys: true) { site, client, _ in
            let path = "\(site.folder)/large"
            try Data().write(to: URL(filePath: path))
            try #require(truncate(path, 200 << 20) == 0)
            let process = try #require(await site.process(of: MachineName("cam-1")!)?.process)
            let before = try Self.peak(of: process)
            let pushed = try await Curl.run("\(client)/files/large", ["--upload-file", path])
            #expect(pushed.status == 201, "\(pushed)")
            let pulled = try await Curl.run("\(client)/files/large", ["--output", "\(path).2"])
            #expect(pulled.status == 200)
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(path).2")
            #expect(attributes[.size] as? Int == 200 << 20)
            let after = try Self.peak(of: process)
            print("200 MB through a client: its memory went from at most \(before / 1024) MB to \(after / 1024) MB")
            #expect(after - before < 60 * 1024)

            let port = try #require(URL(string: client)?.port)
            let begun = try RawConnection(port: UInt16(port))
            begun.send("PUT /files/early HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n01234")
            begun.shutdown()
            #expect(begun.readToEnd(within: 20) != nil)
            #expect(try await put("\(client)/files/early", "x", "If-None-Match: *").status == 201)

            try await site.process(of: site.main.name)?.kill()
            // At once: the site may still be about to find out.
            let locked = try await put("\(client)/files/late", "x")
            #expect(
                locked.status == 423 && locked.detail?.contains("main-1 is the active hub again") == true, "\(locked)")
            #expect(try await Curl.run("\(client)/files/large", []).status == 423)
            #expect(try await Curl.run("\(client)/files/", []).status == 423)
            let show = try await Curl.run("\(client)/show", [])
            #expect([423, 502].contains(show.status), "\(show)")
        }
    }

    /// The most memory that a process has had, in kB.
    private static func peak(of process: Int32) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return try #require(line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) })
    }
}
