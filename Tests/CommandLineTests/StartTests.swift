import FailoverCore
import Foundation
import LocalSite
import Testing

/// Of a Main named "other".
private let recordOfAnother = """
    {"epoch":2,"version":1,"holder":"other","mode":"alone","witnesses":[],"lease":{"milliseconds":125,"marginMilliseconds":5},"staysAway":false,"failuresAfterReturn":0,"reason":"started","evidence":"","silenceMs":0,"since":0,
    "main":{"name":"other","address":"127.0.0.1","port":1883,"controlPort":1882}}
    """

/// What can be wrong with the machine itself: exit code 1, a sentence, and nothing left behind.
@Suite("A server that cannot start", .timeLimit(.minutes(1)))
struct StartTests {
    private func arguments(_ folder: String, port: UInt16? = nil, role: String = "main", name: String = "main-1")
        -> [String]
    {
        let ports = FreePorts.take(2)
        return [
            "server", "--role", role, "--name", name, "--port", "\(port ?? ports[0])", "--control-port", "\(ports[1])",
            "--data", folder,
        ]
    }

    @Test("A port in use: the sentence names the program that holds it")
    func portInUse() async throws {
        try await Understudy.withFolder { folder in
            let site = try await LocalSite(returnDelay: 1)
            try await site.start(site.main)
            try await site.watch.wait(for: "Main is up") { $0.hubs[site.main.endpoint]?.server != nil }
            for port in [site.main.port, site.main.controlPort] {
                let outcome = try await Understudy.run(arguments(folder, port: port))
                #expect(outcome.code == 1)
                #expect(outcome.error.contains("port \(port) is in use by mosquitto"))
            }
            #expect(Understudy.brokersLeft(in: folder).isEmpty)
            await site.end()
        }
    }

    @Test("A data folder that cannot be written, or is a file")
    func unwritableFolder() async throws {
        try await Understudy.withFolder { folder in
            for path in ["/proc/understudy", folder + "/file"] {
                try? Data().write(to: URL(filePath: folder + "/file"))
                let outcome = try await Understudy.run(arguments(path))
                #expect(outcome.code == 1)
                #expect(outcome.error.contains(path) && outcome.error.contains("--data"))
            }
        }
    }

    @Test("A data folder whose path is too long for a socket")
    func longFolder() async throws {
        try await Understudy.withFolder { folder in
            let outcome = try await Understudy.run(arguments(folder + "/" + String(repeating: "x", count: 100)))
            #expect(outcome.code == 1 && outcome.error.contains("too long"))
        }
    }

    @Test("A data folder that another one uses")
    func sharedFolder() async throws {
        let site = try await LocalSite(returnDelay: 1)
        try await site.start(site.main)
        try await site.watch.wait(for: "Main is up") { $0.hubs[site.main.endpoint]?.server != nil }
        let outcome = try await Understudy.run(arguments(site.dataPath(of: site.main.name)))
        #expect(outcome.code == 1 && outcome.error.contains("in use by another Understudy"))
        await site.end()
    }

    @Test(
        "A record that is damaged, from a newer version, or another server's",
        arguments: [
            ("garbage", "damaged"), ("", "damaged"), (#"{"format":1}"#, "damaged"), (#"{"format":2}"#, "newer version"),
            ("{\"format\":1,\"record\":\(recordOfAnother),\"history\":{\"transitions\":[]}}", "belongs to"),
        ])
    func record(_ content: String, _ mention: String) async throws {
        try await Understudy.withFolder { folder in
            let file = folder + "/record.json"
            try Data(content.utf8).write(to: URL(filePath: file))
            let outcome = try await Understudy.run(arguments(folder))
            #expect(outcome.code == 1)
            #expect(outcome.error.contains(mention) && outcome.error.contains(file))
            // Nothing lost: what stood there still does.
            #expect(try String(contentsOfFile: file, encoding: .utf8) == content)
        }
    }

    @Test(
        "No Mosquitto binary", .enabled(if: geteuid() == 0, "hides the binary in a mount namespace, which needs root"))
    func noBroker() async throws {
        try await Understudy.withFolder { folder in
            let script = "mount -t tmpfs none /usr/sbin && exec \"$@\""
            let outcome = try await Understudy.run(
                "/usr/bin/unshare", ["-m", "/bin/sh", "-c", script, "sh", Understudy.program] + arguments(folder))
            #expect(outcome.code == 1)
            #expect(
                outcome.error.contains("no Mosquitto broker") && outcome.error.contains("apt-get install mosquitto"))
        }
    }

    @Test("Backup equal to Main, found only when it is reached")
    func sameServer() async throws {
        try await Understudy.withFolder { folder in
            let ports = FreePorts.take(2)
            // 127.0.0.2 is this very machine, too, but nobody can tell before it answers.
            let outcome = try await Understudy.run([
                "server", "--role", "main", "--name", "main-1", "--port", "\(ports[0])", "--control-port",
                "\(ports[1])",
                "--data", folder, "--insecure", "--listen", "0.0.0.0", "--backup", "127.0.0.2:\(ports[0])",
            ])
            #expect(outcome.code == 3)
            #expect(outcome.error.contains("this very server"))
            #expect(Understudy.brokersLeft(in: folder).isEmpty)
        }
    }
}
