import BrokerConfiguration
import FailoverCore
import Foundation
import HubProtocol
import Keys
import LocalSite
import MQTTSession
import Testing

/// What somebody does who only means harm: the show goes on, and what the servers hold is bounded.
@Suite("Abuse", .serialized, .timeLimit(.minutes(3)))
struct AbuseTests {
    private static func script(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: name).path(percentEncoded: false)
    }

    /// Ends with the process that has its standard input.
    private func hostile(_ port: UInt16, _ number: Int, _ kind: String) async throws -> MachineProcess {
        let ready = AsyncStream.makeStream(of: Void.self)
        let process = try await MachineProcess(
            kind, program: "/bin/sh",
            // Its standard input is a pipe that never ends.
            arguments: [
                "-c",
                "sleep 600 | exec /usr/bin/python3 \(Self.script("hostile_connections.py")) \(port) \(number) \(kind)",
            ]
        ) { if $0 == "ready" { ready.continuation.yield() } }
        _ = await ready.stream.first { _ in true }
        return process
    }

    @Test(
        "Connections that are silent, stop half way, or talk nonsense, on every port: nobody is moved, a failover works, and others come in",
        arguments: [true, false])
    func hostileConnections(_ hasKeys: Bool) async throws {
        try await withSite(hasKeys: hasKeys) { site in
            var hostiles: [MachineProcess] = []
            for port in [site.main.port, site.main.controlPort, site.backup.port, site.backup.controlPort] {
                for kind in ["silent", hasKeys ? "hello" : "connect", "garbage"] {
                    hostiles.append(try await hostile(port, 100, kind))
                }
            }
            try await site.waitForHome([LocalSite.client])
            #expect(await site.watch.view.machines[LocalSite.client]?.lastSwitch == nil)
            let newcomer = MachineName("cam-2")!
            try await site.startClient(newcomer)
            try await site.waitForHome([LocalSite.client, newcomer])
            try await site.process(of: site.main.name)?.kill()
            try await site.waitForBackup([LocalSite.client, newcomer])
            try await site.start(site.main)
            try await site.waitForHome([LocalSite.client, newcomer])
            for hostile in hostiles { hostile.tree.signal(SIGKILL) }
        }
    }

    private func raw(_ site: LocalSite, _ key: String, _ arguments: String...) async throws -> [String: Any] {
        let outcome = try await Understudy.run(
            "/usr/bin/python3", [Self.script("raw_sessions.py"), "\(site.main.port)", key] + arguments)
        #expect(outcome.code == 0, "\(outcome)")
        return try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    }

    @Test("A key that has ended does not come in by a TLS session from before")
    func resumption() async throws {
        try await withSite(hasKeys: true) { site in
            let path = "\(site.folder)/short.key"
            // It was issued almost a day ago, for a day.
            let moment = Timestamp(millisecondsSince1970: Timestamp.now.millisecondsSince1970 - 86_400_000 + 4000)
            let key = try #require(site.authority).issue(
                KeyRequest(name: MachineName("gfx-1")!, role: .client, permission: 2, days: 1), at: moment)
            try key.write(to: path)
            let said = try await raw(site, path, "resume", "\(key.expires.millisecondsSince1970 / 1000)")
            #expect(said["first"] as? Int == 0 && said["isResumed"] as? Bool == true, "\(said)")
            #expect(said["later"] as? Int == 5, "\(said)")
        }
    }

    @Test(
        "What packets announce and do not bring, and a thousand sessions of one machine: shut out, and the others work")
    func announcements() async throws {
        try await withSite(hasKeys: true) { site in
            let key = try #require(try site.key(of: MachineName("gfx-1")!, permission: 1))
            let announced = try await raw(site, key, "announce")
            #expect(announced["ended"] as? Int == 50, "\(announced)")
            let many = try await raw(site, key, "many", "300")
            #expect(many["allowed"] as? Int == 250 && many["refused"] as? Int == 50, "\(many)")
            try await site.waitForHome([LocalSite.client])
            #expect(await site.watch.view.machines[LocalSite.client]?.lastSwitch == nil)
        }
    }

    private struct Flood: Decodable {
        var published: Int
        var shutOut: Int
        var givenUp: Bool
    }

    private func flood(_ port: UInt16, _ key: String?, _ topic: String, seconds: Int, bytes: Int) async throws -> Flood
    {
        let outcome = try await Understudy.run(
            "/usr/bin/python3",
            [Self.script("flood.py"), "\(port)", key ?? "-", topic, "\(seconds)", "\(bytes)"])
        #expect(outcome.code == 0, "\(outcome)")
        return try JSONDecoder().decode(Flood.self, from: Data(outcome.output.utf8))
    }

    @Test("A machine floods its own topic, and does not read: it is given up, and nobody is moved")
    func flood() async throws {
        try await withSite(hasKeys: true) { site in
            let name = MachineName("gfx-1")!
            let key = try #require(try site.key(of: name, permission: 1))
            let flood = try await flood(site.main.port, key, "show/gfx-1/flood", seconds: 5, bytes: 1000)
            #expect(flood.published > 1_000_000)
            #expect(flood.givenUp)
            try await site.waitForHome([LocalSite.client])
            #expect(await site.watch.view.machines[LocalSite.client]?.lastSwitch == nil)
        }
    }

    /// The limit of a server is a quarter of its machine's memory, so that this is tried with a broker of the test's own.
    @Test("A broker that holds as much as it may shuts out who floods it, and nobody else")
    func memoryLimit() async throws {
        try await Understudy.withFolder { folder in
            let port = FreePorts.take(1)[0]
            let limit: UInt64 = 64 << 20
            let configuration = BrokerConfiguration(
                .hub, user: NSUserName(), listen: "127.0.0.1", port: port, socket: "\(folder)/hub.sock",
                plugin: (Understudy.program as NSString).deletingLastPathComponent + "/libBrokerAccess.so",
                accessPath: "\(folder)/hub.access", memoryLimit: limit, keys: nil)
            try Data(configuration.text.utf8).write(to: URL(filePath: folder + "/hub.conf"))
            try Data(configuration.access.utf8).write(to: URL(filePath: folder + "/hub.access"))
            let running = AsyncStream.makeStream(of: Void.self)
            let broker = try await MachineProcess(
                "broker", program: "/usr/sbin/mosquitto", arguments: ["-c", folder + "/hub.conf"]
            ) { if $0.hasSuffix(" running") { running.continuation.yield() } }
            _ = await running.stream.first { _ in true }
            async let flooding = flood(port, nil, "cues/flood", seconds: 5, bytes: 1 << 18)
            // Others publish all the time, and none of them is shut out; without keys a machine is known by its address.
            for number in 0..<300 {
                let outcome = try await Understudy.run(
                    "/usr/bin/mosquitto_pub",
                    ["-A", "127.0.0.2", "-p", "\(port)", "-V", "5", "-q", "1", "-t", "cues/quiet", "-m", "\(number)"])
                #expect(outcome.code == 0, "\(outcome)")
            }
            let flood = try await flooding
            #expect(flood.shutOut > 0 && flood.givenUp, "\(flood)")
            let most = try await Understudy.run(
                "/usr/bin/mosquitto_sub", ["-p", "\(port)", "-t", "$SYS/broker/heap/maximum", "-C", "1", "-W", "15"])
            let held = try #require(UInt64(most.output.trimmingCharacters(in: .whitespacesAndNewlines)))
            #expect(held > limit && held < limit + limit / 2, "\(held)")
            try await broker.kill()
        }
    }
}
