import Foundation
import Testing

@Suite("Wrong usage", .timeLimit(.minutes(1)))
struct UsageTests {
    static let server = ["server", "--role", "main", "--name", "main-1"]

    @Test(
        "A sentence, what to do, and exit code 2",
        arguments: [
            (server + ["--colour", "red"], "--colour"),
            (["nothing"], "nothing"),
            (["server", "--name", "main-1"], "--role"),
            (["server", "--role", "main"], "--name"),
            (["server", "--role", "boss", "--name", "main-1"], "boss"),
            (["server", "--role", "client", "--name", "main-1"], "understudy client"),
            (["server", "--role", "main", "--name", "main 1"], "main 1"),
            (["server", "--role", "main", "--name", ""], "--name"),
            (["server", "--role", "main", "--name", String(repeating: "x", count: 65)], "xxx"),
            (server + ["--port", "70000"], "70000"),
            (server + ["--port", "0"], "1 to 65535"),
            (server + ["--port", "1900", "--control-port", "1900"], "port of its own"),
            (server + ["--main", "10.0.0.1"], "--backup"),
            (server + ["--backup", "127.0.0.1:1883"], "two servers"),
            (server + ["--backup", "10.0.0.1:99999"], "10.0.0.1:99999"),
            (server + ["--return-delay", "-1"], "--return-delay"),
            (server + ["--listen", "0.0.0.0"], "--insecure"),
            (server + ["--listen", "not-an-address"], "not-an-address"),
            (server + ["--config", "/nonexistent.json"], "/nonexistent.json"),
            (server + ["--advertise", "a b"], "--advertise"),
            (server + ["--backup", "127.0.0.1:1882"], "two servers"),
            (["client", "--name", "cam-1"], "--main"),
            (["client", "--name", "cam-1", "--main", "10.0.0.1", "--backup", "10.0.0.1"], "same address"),
            (["client", "--name", "cam-1", "--main", "a b"], "a b"),
            (["status", "--hub", ""], "--hub"),
        ])
    func exitCode2(_ arguments: [String], _ mention: String) async throws {
        let outcome = try await Understudy.run(arguments)
        #expect(outcome.code == 2)
        #expect(outcome.error.contains(mention), "\(outcome.error)")
        #expect(outcome.output.isEmpty)
    }

    @Test("Help and version are no failure", arguments: [["--help"], ["--version"], ["server", "--help"], []])
    func help(_ arguments: [String]) async throws {
        let outcome = try await Understudy.run(arguments)
        #expect(outcome.code == 0)
        #expect(!outcome.output.isEmpty)
    }

    @Test("Options come from the environment and from a file; the command line goes first")
    func settings() async throws {
        try await Understudy.withFolder { folder in
            let file = folder + "/understudy.json"
            try Data(#"{"hub": ["127.0.0.1:1"], "json": true}"#.utf8).write(to: URL(filePath: file))
            var outcome = try await Understudy.run(["status", "--config", file])
            #expect(outcome.code == 4 && outcome.error.contains("127.0.0.1:1:"))
            outcome = try await Understudy.run(["status"], environment: ["UNDERSTUDY_HUB": "127.0.0.1:2,127.0.0.1:3"])
            #expect(
                outcome.code == 4 && outcome.error.contains("127.0.0.1:2:") && outcome.error.contains("127.0.0.1:3:"))
            outcome = try await Understudy.run(
                ["status", "--hub", "127.0.0.1:4"],
                environment: ["UNDERSTUDY_HUB": "127.0.0.1:2", "UNDERSTUDY_CONFIG": file])
            #expect(outcome.error.contains("127.0.0.1:4:") && !outcome.error.contains("127.0.0.1:2:"))
            outcome = try await Understudy.run(UsageTests.server, environment: ["UNDERSTUDY_PORT": "many"])
            #expect(outcome.code == 2 && outcome.error.contains("many"))
            try Data(#"{"contol-port": 1}"#.utf8).write(to: URL(filePath: file))
            outcome = try await Understudy.run(["status", "--config", file])
            #expect(outcome.code == 2 && outcome.error.contains("contol-port"))
            try Data(#"{"json": "perhaps"}"#.utf8).write(to: URL(filePath: file))
            outcome = try await Understudy.run(["status", "--config", file])
            #expect(outcome.code == 2 && outcome.error.contains("perhaps"))
            try Data("{".utf8).write(to: URL(filePath: file))
            outcome = try await Understudy.run(["status", "--config", file])
            #expect(outcome.code == 2 && outcome.error.contains(file))
        }
    }

    @Test("Nothing reached: exit code 4, and nothing on standard output", arguments: [["status"], ["machines"]])
    func noHub(_ command: [String]) async throws {
        for json in [[], ["--json"]] {
            let outcome = try await Understudy.run(command + json + ["--hub", "127.0.0.1:1"])
            #expect(outcome.code == 4)
            #expect(outcome.output.isEmpty)
            #expect(outcome.error.contains("connection refused"))
        }
    }
}
