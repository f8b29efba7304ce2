import FailoverCore
import Foundation
import HubProtocol
import LocalSite
import Testing

/// I7: an accepted push is on disk, and none is accepted while the Backup is active.
@Suite("Files are Main's", .timeLimit(.minutes(3)))
struct HTTPFileLockTests {
    @Test(
        "Both servers say why files are locked; a push that began before is not accepted; back home all opens by itself"
    )
    func switchover() async throws {
        try await HTTPPairTests.withServers(hasKeys: false) {
            try await $0.arguments(of: $1)
        } _: { site, urls in
            try await site.waitForHome([LocalSite.client])
            let (main, backup) = (urls[0], urls[1])
            func put(_ server: String) async throws -> Answer {
                try await Curl.run("\(server)/files/a", ["-X", "PUT", "--data-binary", "content"])
            }
            #expect(try await put(main).status == 201)
            // The Backup has none, and knows where they are.
            #expect(try await Curl.run("\(backup)/files/a", []).status == 307)
            #expect(try await Curl.run("\(backup)/files/a", ["--location"]).body == "content")
            #expect(try await Self.seen(by: site) { $0.push == .open && $0.url == "\(main)/files/" })

            let port = try #require(URL(string: main)?.port)
            let begun = try RawConnection(port: UInt16(port))
            begun.send("PUT /files/late HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n01234")
            let resumed = try await Curl.run(
                "\(main)/files/film",
                ["-i", "-X", "PUT", "-H", "Upload-Complete: ?0", "-H", "Upload-Length: 4", "-H", "Content-Length: 0"])
            let place = try #require(
                resumed.body.split(separator: "\r\n").first { $0.lowercased().hasPrefix("location: ") })
            try await Self.order(#"{"to":"backup-1"}"#, at: main)
            try await site.watch.wait(for: "the Backup is active") { $0.authority?.state?.phase == .active }

            for server in urls {
                for arguments in [[], ["-X", "PUT", "--data-binary", "x"], ["-X", "DELETE"]] {
                    let answer = try await Curl.run("\(server)/files/a", arguments)
                    #expect(answer.status == 423 && answer.detail?.contains("Backup is active") == true, "\(answer)")
                }
            }
            #expect(try await Curl.run("\(main)/files/", []).status == 200)
            #expect(try await Curl.run("\(main)/files/a", ["--head"]).status == 200)
            #expect(
                try await Self.seen(by: site) {
                    $0.push == .locked && $0.pull == .locked && $0.reason?.contains("Backup is active") == true
                })
            // A resumable one waits with what it has.
            let path = place.dropFirst("location: ".count)
            func finish() async throws -> Answer {
                try await Curl.run(
                    main + path,
                    [
                        "-X", "PATCH", "--data-binary", "film", "-H", "Content-Type: application/partial-upload", "-H",
                        "Upload-Offset: 0", "-H", "Upload-Complete: ?1",
                    ])
            }
            #expect(try await finish().status == 423)

            try await Self.order(#"{"to":"main-1"}"#, at: backup)
            try await site.waitForHome([LocalSite.client])
            #expect(try await Self.seen(by: site) { $0.push == .open && $0.pull == .open && $0.reason == nil })
            begun.send("56789")
            begun.shutdown()
            let answered = begun.readToEnd(within: 20) ?? ""
            #expect(answered.hasPrefix("HTTP/1.1 423"), "\(answered)")
            #expect(try await Curl.run("\(main)/files/late", []).status == 404)
            #expect(try await finish().status == 201)
            #expect(try await Curl.run("\(main)/files/film", []).body == "film")
            #expect(try await put(main).status == 200)
        }
    }

    @Test("Main killed: the Backup says why; Main comes back with all that was accepted")
    func killed() async throws {
        try await HTTPPairTests.withServers(hasKeys: false) {
            try await $0.arguments(of: $1)
        } _: { site, urls in
            try await site.waitForHome([LocalSite.client])
            #expect(try await Curl.run("\(urls[0])/files/a", ["-X", "PUT", "--data-binary", "content"]).status == 201)
            try await site.process(of: site.main.name)?.kill()
            try await site.watch.wait(for: "the Backup is active") { $0.authority?.state?.phase == .active }
            let locked = try await Curl.run("\(urls[1])/files/a", [])
            #expect(locked.status == 423 && locked.detail?.contains("main-1") == true, "\(locked)")
            try await site.start(
                site.main.name, site.arguments(of: site.main) + ["--http", URL(string: urls[0])!.port!.description])
            try await site.waitForHome([LocalSite.client])
            let opening = ["--retry", "20", "--retry-delay", "1", "--retry-connrefused"]
            #expect(try await Curl.run("\(urls[0])/files/a", opening).body == "content")
        }
    }

    private static func order(_ command: String, at server: String) async throws {
        let answer = try await Curl.run(
            "\(server)/api/commands/hub/switch", ["-H", "Content-Type: application/json", "-d", command])
        #expect(answer.status == 200, "\(answer)")
    }

    /// Waits until the hub whose word counts says so.
    private static func seen(by site: LocalSite, _ isWanted: @escaping @Sendable (HubFiles) -> Bool) async throws
        -> Bool
    {
        try await site.watch.wait(for: "hub/files says so") { $0.authority?.files.map(isWanted) ?? false }
        return true
    }
}
