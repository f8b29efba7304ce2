import Foundation
import Testing

/// Clients that want to do harm: others are served, and the show goes on.
@Suite("HTTP under abuse", .timeLimit(.minutes(3)))
struct HTTPAbuseTests {
    /// What no end follows: nothing at all, a head, a body; over TLS nothing at all, a handshake.
    private static func beginnings(hasKeys: Bool) -> [String] {
        hasKeys
            ? ["", "\u{16}\u{03}\u{01}\u{02}\u{00}\u{01}"]
            : [
                "", "GET /api/state HT",
                "POST /api/commands/site/stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n",
            ]
    }

    @Test("300 slow connections are closed, and a good request gets its answer", arguments: [false, true])
    func slow(hasKeys: Bool) async throws {
        try await WebSite.with(keys: hasKeys) { site in
            let epoch = try await site.get("api/state", as: "somebody").decoded(as: SeenState.self).epoch
            let beginnings = Self.beginnings(hasKeys: hasKeys)
            var slow: [RawConnection] = []
            for index in 0..<300 {
                let connection = try RawConnection(port: site.port)
                connection.send(beginnings[index % beginnings.count])
                slow.append(connection)
            }
            #expect(try await site.get("healthz").status == 200)
            // Those that the server had no room for at first had to wait, too.
            #expect(slow.allSatisfy { $0.readToEnd(within: 30) != nil })
            let state = try await site.get("api/state", as: "somebody").decoded(as: SeenState.self)
            #expect(state.epoch == epoch && state.active?.hub?.description == "main-1")
        }
    }

    @Test("Garbage ends a connection, and nothing else", arguments: [false, true])
    func garbage(hasKeys: Bool) async throws {
        try await WebSite.with(keys: hasKeys) { site in
            var random = SystemRandomNumberGenerator()
            for _ in 0..<50 {
                let connection = try RawConnection(port: site.port)
                connection.send((0..<4096).map { _ in UInt8(truncatingIfNeeded: random.next()) })
                let answer = connection.readToEnd(within: 30)
                #expect(answer != nil && answer?.contains(" 200 ") == false)
            }
            #expect(try await site.get("api/state", as: "somebody").status == 200)
        }
    }

    @Test("Heads that are too large are refused before they are kept")
    func heads() async throws {
        try await WebSite.with(keys: false) { site in
            for arguments in [
                ["-H", "X-Large: " + String(repeating: "x", count: 20_000)],
                (0..<200).flatMap { ["-H", "X-Many-\($0): x"] },
            ] {
                let answer = try await site.get("healthz", arguments)
                #expect(answer.status == 400 || answer.status == nil)
            }
            #expect(try await site.get(String(repeating: "x", count: 20_000)).status == 400)
            #expect(try await site.get("healthz").status == 200)
        }
    }

    @Test("Who does not read what was asked for is cut off")
    func unread() async throws {
        try await WebSite.with(keys: false) { site in
            let connection = try RawConnection(port: site.port)
            let requests = String(repeating: "GET /api/state HTTP/1.1\r\nHost: localhost\r\n\r\n", count: 100)
            try await Patience.bound("the end of a connection that nobody reads", .seconds(60)) { [connection] in
                while connection.sendWhatFits(requests) { try await Task.sleep(for: .milliseconds(100)) }
            }
            #expect(try await site.get("healthz").status == 200)
        }
    }

    @Test("So many event streams and no more, until one of them ends")
    func streams() async throws {
        try await WebSite.with(keys: false) { site in
            let port = site.port
            var streams: [RawConnection] = []
            while streams.count < 200 {
                let (connection, answer) = try Self.openStream(of: port)
                guard answer.hasPrefix("HTTP/1.1 200 ") else {
                    #expect(answer.hasPrefix("HTTP/1.1 503 "))
                    break
                }
                streams.append(connection)
            }
            // The one that `WebSite` opened may not be gone yet.
            #expect((63...64).contains(streams.count))
            let refused = try await site.get("api/events")
            #expect(refused.status == 503 && refused.detail?.contains("Close one of them") == true)
            streams.removeLast(10)
            try await Patience.bound("room for one more") {
                while try !Self.openStream(of: port).answer.hasPrefix("HTTP/1.1 200 ") {
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
        }
    }

    private static func openStream(of port: UInt16) throws -> (connection: RawConnection, answer: String) {
        let connection = try RawConnection(port: port)
        connection.send("GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return (connection, connection.readSome())
    }
}
