import FailoverCore
import Foundation
import HubClient
import HubProtocol
import License
import LocalSite
import MQTTSession
import Testing

/// `backup/add` and `backup/remove` on a real site, by the program and by a third party's MQTT client.
@Suite("Pairing while the show runs", .serialized, .timeLimit(.minutes(5)))
struct PairingTests {
    private static let topics = 300

    /// Servers that were told of nobody, with a show on Main and a client.
    private func withUnpaired(_ body: (LocalSite) async throws -> Void) async throws {
        let site = try await LocalSite(returnDelay: 0.3)
        do {
            for server in [site.main, site.backup] { try await startUntold(server, on: site) }
            try await site.startClient(LocalSite.client)
            try await site.watch.wait(for: "Main acts alone, the client follows it") { view in
                view.isActive(site.main.name, at: site.main.endpoint)
                    && view.everyone(of: [LocalSite.client], follows: site.main.name)
                    && view.reach[site.backup.endpoint] == .reached
            }
            try await body(site)
        } catch {
            await site.end()
            throw error
        }
        await site.end()
    }

    private func untold(_ server: LocalSite.Server, on site: LocalSite) async throws -> [String] {
        var arguments = try await site.arguments(of: server)
        let place = try #require(arguments.firstIndex { ["--backup", "--main"].contains($0) })
        arguments.removeSubrange(place...place + 1)
        return arguments
    }

    private func startUntold(_ server: LocalSite.Server, on site: LocalSite) async throws {
        try await site.start(server.name, try await untold(server, on: site))
    }

    private func add(_ server: LocalSite.Server) -> CommandRequest {
        CommandRequest("backup/add", #"{"address":"127.0.0.1","port":\#(server.port)}"#)
    }

    private func fill(_ server: LocalSite.Server, _ count: Int) async throws {
        for start in stride(from: 0, to: count, by: 50) {
            let topics = (start..<min(start + 50, count)).map {
                "mosquitto_pub -p \(server.port) -q 1 -r -t show/cam-1/\($0) -m value-\($0)"
            }
            _ = try await Understudy.run("/bin/sh", ["-c", topics.joined(separator: "; ")])
        }
    }

    private func show(at server: LocalSite.Server, _ count: Int) async throws -> Set<Substring> {
        let outcome = try await Understudy.run(
            "/usr/bin/mosquitto_sub",
            ["-p", "\(server.port)", "-t", "show/cam-1/+", "-C", "\(count)", "-W", "5", "-F", "%t %p"])
        return Set(outcome.output.split(separator: "\n"))
    }

    private func isPaired(_ site: LocalSite) async throws {
        try await site.waitForHome([LocalSite.client])
        for server in [site.main, site.backup] {
            let pair = try #require(await site.watch.view.hubs[server.endpoint]?.pair)
            #expect(pair.mode == .paired && pair.main?.name == site.main.name && pair.backup?.name == site.backup.name)
        }
    }

    // MARK: - Adding

    @Test("A Backup is added by its address: answered when it has the show; both servers know it after a restart")
    func addition() async throws {
        try await withUnpaired { site in
            #expect(await site.watch.view.hubs[site.main.endpoint]?.state?.chip == "No backup")
            #expect(await site.watch.view.hubs[site.backup.endpoint]?.state?.chip == "No backup")
            try await fill(site.main, Self.topics)
            let request = add(site.backup)
            #expect(try await request.sent(to: site.main) == .ok)
            let expected = Set((0..<Self.topics).map { Substring("show/cam-1/\($0) value-\($0)") })
            #expect(try await show(at: site.backup, Self.topics) == expected)
            try await isPaired(site)
            // The same request once more, as by a program that did not hear the answer; and another one.
            let epoch = await site.watch.view.authority?.active?.epoch
            #expect(try await request.sent(to: site.main) == .ok)
            #expect(try await add(site.backup).sent(to: site.main).code == .alreadyPaired)
            #expect(await site.watch.view.authority?.active?.epoch == epoch)
            // Killed and started with the same flags, of which none names the other one.
            for server in [site.backup, site.main] {
                try await site.process(of: server.name)?.kill()
                if server.role == .main { try await site.waitForBackup([LocalSite.client]) }
                try await startUntold(server, on: site)
                try await isPaired(site)
            }
        }
    }

    @Test("A Backup that knew another show forgets it: Main's counts, and what it had lies beside")
    func otherShow() async throws {
        try await withUnpaired { site in
            try await fill(site.main, 3)
            let port = ["-p", "\(site.backup.port)", "-q", "1", "-r"]
            for (topic, value) in [("show/cam-1/0", "stale"), ("show/other/x", "stale")] {
                _ = try await Understudy.run("/usr/bin/mosquitto_pub", port + ["-t", topic, "-m", value])
            }
            #expect(try await add(site.backup).sent(to: site.main) == .ok)
            for server in [site.main, site.backup] {
                let all = try await Understudy.run(
                    "/usr/bin/mosquitto_sub",
                    [
                        "-p", "\(server.port)", "-t", "show/#", "-t", "hub/server", "-W", "2", "-F", "%t %p", "-C", "4",
                    ])
                #expect(!all.output.contains("stale") && all.output.contains("show/cam-1/0 value-0"), "\(all.output)")
            }
            let data = site.dataPath(of: site.backup.name)
            let former = try FileManager.default.contentsOfDirectory(atPath: data).first {
                $0.hasPrefix("former-site-")
            }
            #expect(FileManager.default.fileExists(atPath: "\(data)/\(try #require(former))/show.sqlite"))
        }
    }

    @Test("By the program: what is wrong comes with its sentence and exit code 3, and changes nothing")
    func additionByProgram() async throws {
        try await withUnpaired { site in
            let hub = ["--hub", "\(site.main.endpoint)", "--user", "anna"]
            var outcome = try await Understudy.run(["backup", "remove"] + hub)
            #expect(outcome.code == 3 && outcome.error.contains("no Backup server"), "\(outcome)")
            outcome = try await Understudy.run(["backup", "add", "\(site.backup.endpoint)"] + hub)
            #expect(outcome.code == 0 && outcome.output.contains("could take over now"), "\(outcome)")
            try await isPaired(site)
            outcome = try await Understudy.run(["backup", "add", "\(site.backup.endpoint)"] + hub)
            #expect(outcome.code == 3 && outcome.error.contains("has a Backup server already, backup-1"), "\(outcome)")
            outcome = try await Understudy.run(["backup", "remove"] + hub)
            #expect(outcome.code == 0 && outcome.output.contains("backup-1 is no Backup of main-1 any more"))
            outcome = try await Understudy.run(["backup", "add", "a b"] + hub)
            #expect(outcome.code == 2, "\(outcome)")
            let history = try #require(await site.watch.view.hubs[site.main.endpoint]?.history)
            #expect(
                history.commands.map { "\($0.command) \($0.by) \($0.outcome.rawValue) \($0.code ?? "-")" } == [
                    "backup/remove anna ok -", "backup/add anna refused alreadyPaired", "backup/add anna ok -",
                    "backup/remove anna refused noBackup",
                ])
            #expect(history.transitions.first?.reason == .backupRemoved && history.transitions.first?.by == "anna")
            let lines = try #require(await site.process(of: site.main.name)).lines
            #expect(lines.contains { $0.contains("anna: backup/add: refused (alreadyPaired)") })
        }
    }

    // MARK: - What cannot be added

    @Test("Every server that cannot be the Backup is refused with its own code, and nothing changes")
    func refusals() async throws {
        try await withUnpaired { site in
            let epoch = await site.watch.view.authority?.active?.epoch
            let expect = { (code: CommandResponse.Code, payload: String, part: String) in
                let response = try await CommandRequest("backup/add", payload).sent(to: site.main)
                let isNamed = part.isEmpty || response.message?.contains(part) == true
                #expect(response.code == code && isNamed, "\(payload): \(response)")
            }
            let address = { (port: UInt16) in #"{"address":"127.0.0.1","port":\#(port)}"# }
            for payload in [
                "", "[]", "{}", "x", #"{"machine":"a/b"}"#, #"{"machine":"b","address":"c"}"#, #"{"port":1883}"#,
                #"{"address":"a b"}"#, #"{"address":""}"#, #"{"address":"h","port":0}"#,
                #"{"address":"h","port":70000}"#,
            ] { try await expect(.malformed, payload, "") }
            try await expect(.sameMachine, address(site.main.port), "is this very server")
            try await expect(.unreachable, address(FreePorts.take(1)[0]), "no Backup server could be reached")
            try await expect(.unreachable, #"{"address":"no-such-host.invalid"}"#, "no Backup server could be reached")
            // The control broker is a broker, and no hub.
            try await expect(.unreachable, address(site.main.controlPort), "not an Understudy server")
            try await expect(.unknownMachine, #"{"machine":"backup-7"}"#, "backup-7")
            // On the hub of the Backup, which does not act.
            for command in [add(site.main), CommandRequest("backup/remove", "{}"), CommandRequest("site/stop", "{}")] {
                let response = try await command.sent(to: site.backup)
                #expect(response.code == .notActive && response.message?.contains("in no pair") == true, "\(response)")
            }
            #expect(try await CommandRequest("backup/remove", "{}").sent(to: site.main).code == .noBackup)
            for payload in ["", "[]", #"{"epoch":-1}"#, #"{"epoch":"x"}"#] {
                #expect(try await CommandRequest("backup/remove", payload).sent(to: site.main).code == .malformed)
            }
            #expect(await site.watch.view.authority?.active?.epoch == epoch)
            #expect(try await add(site.backup).sent(to: site.main) == .ok, "and it still works")
        }
    }

    @Test("A name that is taken, a Main server, the Backup of another site")
    func otherServers() async throws {
        try await withUnpaired { site in
            let start = { (name: String, role: String, more: [String]) in
                let ports = FreePorts.take(2)
                let machine = try #require(MachineName(name))
                let license = try await site.license(.serverWithFailover, of: machine)
                let process = try await MachineProcess(
                    name, program: site.program,
                    arguments: [
                        "server", "--role", role, "--name", name, "--port", "\(ports[0])", "--control-port",
                        "\(ports[1])", "--data", site.folder + "/other-" + name, "--license", license,
                        "--license-issuer", LicenseIssuer.publicPath(of: site.issuerPath),
                    ] + more)
                return (process, ports[0])
            }
            let reached = { (port: UInt16) in
                let watch = await SiteWatch(hubs: [.tcp(host: "127.0.0.1", port: port)])
                try await watch.wait(for: "the server is up") { $0.authority?.server != nil }
                await watch.stop()
            }
            let expect = { (code: CommandResponse.Code, port: UInt16, part: String) in
                let response = try await CommandRequest("backup/add", #"{"address":"127.0.0.1","port":\#(port)}"#)
                    .sent(to: site.main)
                #expect(response.code == code && response.message?.contains(part) == true, "\(response)")
            }
            let (namesake, namesakePort) = try await start("cam-1", "backup", [])
            try await reached(namesakePort)
            try await expect(.nameTaken, namesakePort, "is named cam-1 already")
            try await namesake.kill()
            let (main, mainPort) = try await start("main-2", "main", [])
            try await reached(mainPort)
            try await expect(.unknownMachine, mainPort, "main-2 at 127.0.0.1:\(mainPort) is a Main server")
            // That one gets the Backup; then the first site cannot have it.
            #expect(try await add(site.backup).sent(to: mainPort) == .ok)
            try await expect(.alreadyPaired, site.backup.port, "backup-1 is the Backup of main-2")
            #expect(await site.watch.view.hubs[site.main.endpoint]?.active?.hub == site.main.name)
            // Nor by a flag: a Main that is told of it leaves, and the other site is undisturbed.
            let outcome = try await Understudy.run([
                "server", "--role", "main", "--name", "main-3", "--port", "\(FreePorts.take(1)[0])", "--control-port",
                "\(FreePorts.take(1)[0])", "--data", site.folder + "/main-3", "--backup", "\(site.backup.endpoint)",
            ])
            #expect(outcome.code == 3 && outcome.error.contains("works with main-2, another main server"), "\(outcome)")
            let remove = CommandRequest("backup/remove", "{}")
            #expect(try await remove.sent(to: mainPort) == .ok)
            #expect(try await add(site.backup).sent(to: site.main) == .ok, "a Backup that was removed there is free")
            try await main.kill()
            try await isPaired(site)
        }
    }

    @Test(
        "No pair begins without licences: the refusal names the machine and what it holds",
        arguments: [
            (LocalSite.mainName, LicenseType?.none, CommandResponse.Code.licenseMissing, "main-1 holds none"),
            (LocalSite.backupName, nil, .licenseMissing, "backup-1 holds none"),
            (LocalSite.backupName, .server, .licenseMissing, "backup-1 holds a Server licence"),
            (LocalSite.backupName, .serverWithFailover, .licenseExpired, "ended"),
        ])
    func licenses(
        machine: MachineName, type: LicenseType?, code: CommandResponse.Code, part: String
    ) async throws {
        let site = try await LocalSite(returnDelay: 0.3)
        do {
            for server in [site.main, site.backup] {
                var arguments = try await untold(server, on: site)
                let place = try #require(arguments.firstIndex(of: "--license"))
                if server.name == machine {
                    arguments.removeSubrange(place...place + 1)
                    if let type {
                        let path = site.folder + "/wrong.license"
                        let ago: Int64 = code == .licenseExpired ? 3 * 86_400_000 : 0
                        let moment = Timestamp(
                            millisecondsSince1970: Timestamp.now.millisecondsSince1970 - ago)
                        try await site.issuer.issue(type, to: machine, days: 2, at: moment).write(to: path)
                        arguments += ["--license", path]
                    }
                }
                try await site.start(server.name, arguments)
            }
            try await site.watch.wait(for: "both up, Main acts") { view in
                view.isActive(site.main.name, at: site.main.endpoint) && view.reach[site.backup.endpoint] == .reached
            }
            let response = try await add(site.backup).sent(to: site.main)
            #expect(response.code == code && response.message?.contains(part) == true, "\(response)")
            #expect(await site.watch.view.hubs[site.main.endpoint]?.pair?.backup == nil)
        } catch {
            await site.end()
            throw error
        }
        await site.end()
    }

    // MARK: - Removing

    @Test(
        "Removed while idle: the pair ends, the client leaves it, no restart and no flag brings it back; it can be added again"
    )
    func removal() async throws {
        try await withSite { site in
            let epoch = try #require(await site.watch.view.authority?.active?.epoch)
            let stale = CommandRequest("backup/remove", #"{"epoch":\#(epoch.number - 2)}"#)
            #expect(try await stale.sent(to: site.main).code == .stale)
            #expect(try await CommandRequest("backup/remove", "{}").sent(to: site.backup).code == .notActive)
            let removal = CommandRequest("backup/remove", #"{"epoch":\#(epoch)}"#)
            #expect(try await removal.sent(to: site.main) == .ok)
            let isOver = { @Sendable (view: SiteView) in
                let main = view.hubs[site.main.endpoint]
                return site.hubs.allSatisfy { view.reach[$0] == .reached }
                    && main?.state?.chip == "No backup" && main?.pair?.backup == nil
                    && (main?.machines[site.backup.name]?.status?.state ?? .offline) == .offline
                    && main?.machines[LocalSite.client]?.links?.hubs.count == 1
                    && view.hubs[site.backup.endpoint]?.state?.chip == "No backup"
            }
            try await site.watch.wait(for: "the pair is over, for everyone", until: isOver)
            #expect(try await removal.sent(to: site.main) == .ok, "the same request, answered again and not done again")
            // Both are started with flags that name each other.
            for server in [site.main, site.backup] {
                try await site.process(of: server.name)?.kill()
                try await site.watch.wait(for: "\(server.name) is gone") { $0.reach[server.endpoint] != .reached }
                try await site.start(server)
                try await site.watch.wait(for: "still over", until: isOver)
            }
            #expect(try await add(site.backup).sent(to: site.main) == .ok)
            do { try await site.waitForHome([LocalSite.client]) } catch {
                print(
                    await site.watch.view.hubs[site.main.endpoint]?.state as Any, await site.watch.view.machines as Any)
                for m in [site.main.name, site.backup.name, LocalSite.client] {
                    print(await site.process(of: m)!.lines.joined(separator: "\n"))
                }
                throw error
            }
            try await site.process(of: site.main.name)?.kill()
            try await site.waitForBackup([LocalSite.client])
        }
    }

    @Test("Removed while it cannot be reached: it never takes over later, and hears of it when it is back (rule 13)")
    func removalOfTheUnreachable() async throws {
        try await withSite { site in
            try await site.process(of: site.backup.name)?.kill()
            try await site.watch.wait(for: "Main alone") { $0.hubs[site.main.endpoint]?.state?.phase == .alone }
            #expect(try await CommandRequest("backup/remove", "{}").sent(to: site.main) == .ok)
            try await site.start(site.backup)
            try await site.watch.wait(for: "the Backup has heard of it") {
                $0.hubs[site.backup.endpoint]?.state?.chip == "No backup"
                    && $0.hubs[site.backup.endpoint]?.active?.hub == site.main.name
            }
            try await site.process(of: site.main.name)?.kill()
            try await site.watch.wait(for: "Main is gone") { $0.reach[site.main.endpoint] != .reached }
            // Longer than any Backup waits: three heartbeats of its own, a second each, and the start patience.
            let process = try #require(await site.process(of: site.backup.name))
            try await site.watch.wait(for: "five seconds") {
                $0.machines[site.backup.name]?.heartbeat?.sequence ?? 0 >= 5
            }
            #expect(!process.lines.contains { $0.contains("this hub is active") })
            try await site.start(site.main)
            try await site.watch.wait(for: "Main is back, alone") {
                $0.isActive(site.main.name, at: site.main.endpoint)
                    && $0.hubs[site.main.endpoint]?.state?.chip == "No backup"
            }
        }
    }

    @Test(
        "A Backup that died is replaced: the client and a program that runs find the new one, and no old flag leads back"
    )
    func replacement() async throws {
        try await withSite { site in
            let program = await HubConnection(name: MachineName("gfx-1")!, hubs: site.hubs)
            try await program.publish("show/gfx-1/a", "1".utf8)
            try await site.process(of: site.backup.name)?.kill()
            #expect(try await CommandRequest("backup/remove", "{}").sent(to: site.main) == .ok)
            // Both servers that are there are told of backup-1.
            let ports = FreePorts.take(2)
            let name = MachineName("backup-2")!
            let arguments = [
                "server", "--role", "backup", "--name", "\(name)", "--port", "\(ports[0])", "--control-port",
                "\(ports[1])",
                "--data", site.dataPath(of: name), "--license", try await site.license(.serverWithFailover, of: name),
                "--license-issuer", LicenseIssuer.publicPath(of: site.issuerPath),
            ]
            try await site.start(name, arguments)
            let endpoint = Endpoint.tcp(host: "127.0.0.1", port: ports[0])
            let isThere = await SiteWatch(hubs: [endpoint], findsOthers: false)
            try await isThere.wait(for: "backup-2 is up") { $0.hubs[endpoint]?.server != nil }
            await isThere.stop()
            let request = CommandRequest("backup/add", #"{"address":"127.0.0.1","port":\#(ports[0])}"#)
            #expect(try await request.sent(to: site.main) == .ok)
            try await site.start(site.backup)
            let isPaired = { @Sendable (view: SiteView) in
                let pair = view.hubs[site.main.endpoint]?.pair
                return view.isActive(site.main.name, at: site.main.endpoint) && pair?.mode == .paired
                    && pair?.backup?.name == name && view.everyone(of: [LocalSite.client], follows: site.main.name)
                    && view.hubs[site.main.endpoint]?.state?.warnings.contains(.noWitness) == false
            }
            try await site.watch.wait(for: "paired with backup-2", until: isPaired)
            try await program.publish("show/gfx-1/a", "2".utf8)

            try await site.process(of: site.main.name)?.kill()
            try await site.watch.wait(for: "backup-2 acts") {
                $0.isActive(name, at: endpoint) && $0.everyone(of: [LocalSite.client], follows: name)
            }
            try await program.publish("show/gfx-1/a", "3".utf8)
            #expect(await program.state.hub == name)

            // Main comes back while backup-2 is down; its flag leads to backup-1, which is up and in no pair.
            try await site.start(site.main)
            try await site.watch.wait(for: "home, paired with backup-2", until: isPaired)
            try await site.process(of: name)?.kill()
            try await site.watch.wait(for: "Main alone") { $0.hubs[site.main.endpoint]?.state?.phase == .alone }
            try await site.process(of: site.main.name)?.kill()
            try await site.start(site.main)
            try await site.watch.wait(for: "Main acts without backup-2") {
                $0.isActive(site.main.name, at: site.main.endpoint)
                    && $0.hubs[site.main.endpoint]?.state?.missing.contains(.backupUnreachable) == true
            }
            let main = try #require(await site.process(of: site.main.name))
            try await site.watch.wait(for: "two seconds, in which both addresses were tried") {
                $0.machines[site.main.name]?.heartbeat?.sequence ?? 0 >= 3
            }
            #expect(main.lines.contains { $0.contains("backup-1 answers at") })
            try await site.start(name, arguments)
            try await site.watch.wait(for: "paired with backup-2 again", until: isPaired)
            await program.close()
        }
    }

    @Test("Only the Main server of a site makes another one join, and never one that works with its own")
    func joining() async throws {
        try await withSite { site in
            let invitation = { (main: String, epoch: UInt64) in
                #"{"main":{"name":"\#(main)","address":"127.0.0.1","port":\#(site.main.port),"controlPort":\#(site.main.controlPort)},"epoch":\#(epoch)}"#
            }
            var request = CommandRequest("pair/join", invitation("main-1", .max / 4))
            #expect(try await request.sent(to: site.backup).code == .permissionDenied)
            request.user = "main-1"
            #expect(try await request.sent(to: site.backup).code == .alreadyPaired)
            request = CommandRequest("pair/join", invitation("main-9", 4_000_000_000))
            request.user = "main-9"
            #expect(try await request.sent(to: site.backup).code == .alreadyPaired)
            #expect(try await request.sent(to: site.main).code == .unknownMachine)
            try await isPaired(site)
        }
    }

    @Test("Removed while it is active: the switch back, the pair remains; said twice, it is done once")
    func switchBack() async throws {
        try await withSite { site in
            #expect(try await CommandRequest("hub/switch", #"{"to":"backup-1"}"#).sent(to: site.main) == .ok)
            try await site.watch.wait(for: "the Backup acts, in sync") {
                $0.isActive(site.backup.name, at: site.backup.endpoint)
                    && $0.hubs[site.backup.endpoint]?.pair?.mode == .paired
                    && $0.hubs[site.backup.endpoint]?.state?.missing == []
            }
            let epoch = try #require(await site.watch.view.hubs[site.backup.endpoint]?.active?.epoch)
            #expect(try await CommandRequest("backup/remove", "{}").sent(to: site.main).code == .notActive)
            #expect(try await add(site.backup).sent(to: site.backup).code == .alreadyPaired)
            let back = CommandRequest("backup/remove", #"{"epoch":\#(epoch)}"#)
            #expect(try await back.sent(to: site.backup) == .ok)
            try await site.waitForHome([LocalSite.client])
            // Again, on either hub: the pair stands.
            #expect(try await back.sent(to: site.backup) == .ok)
            #expect(try await back.sent(to: site.main).code == .stale)
            #expect(await site.watch.view.hubs[site.main.endpoint]?.pair?.mode == .paired)
        }
    }

    @Test("While Main is down the Backup that acts is not removed: there is nobody to switch back to")
    func noSwitchBack() async throws {
        try await withSite { site in
            try await site.process(of: site.main.name)?.kill()
            try await site.waitForBackup([LocalSite.client])
            let response = try await CommandRequest("backup/remove", "{}").sent(to: site.backup)
            #expect(response.code == .unreachable, "\(response)")
            #expect(try await add(site.backup).sent(to: site.backup).code == .alreadyPaired)
            #expect(await site.watch.view.isActive(site.backup.name, at: site.backup.endpoint))
        }
    }

    @Test("Every command in every phase on either hub: one answer with its code, and nothing that was refused happens")
    func phases() async throws {
        try await withSite { site in
            let all = { (epoch: UInt64) in
                [
                    CommandRequest("backup/add", #"{"address":"127.0.0.1","port":\#(site.backup.port)}"#),
                    CommandRequest("backup/remove", #"{"epoch":\#(epoch)}"#),
                    CommandRequest("hub/switch", #"{"to":"backup-7"}"#), CommandRequest("site/stop", "x"),
                ]
            }
            let codes = { (server: LocalSite.Server) in
                var codes: [CommandResponse.Code?] = []
                // An epoch that is over: what it says must not be done.
                for request in all(1) { codes.append(try await request.sent(to: server).code) }
                return codes
            }
            let passive: [CommandResponse.Code?] = [.notActive, .notActive, .notActive, .malformed]
            let active: [CommandResponse.Code?] = [.alreadyPaired, .stale, .unknownMachine, .malformed]
            #expect(try await codes(site.main) == active, "idle")
            #expect(try await codes(site.backup) == passive, "idle")

            try await site.process(of: site.backup.name)?.kill()
            try await site.watch.wait(for: "alone") { $0.hubs[site.main.endpoint]?.state?.phase == .alone }
            #expect(try await codes(site.main) == active, "alone")
            try await site.start(site.backup)
            try await site.waitForHome([LocalSite.client])

            #expect(try await CommandRequest("hub/switch", #"{"to":"backup-1"}"#).sent(to: site.main) == .ok)
            try await site.waitForBackup([LocalSite.client])
            #expect(try await codes(site.backup) == active, "active")
            #expect(try await codes(site.main) == passive, "active")
            #expect(await site.watch.view.isActive(site.backup.name, at: site.backup.endpoint))

            // Main died as the only one that may act: the Backup hears nobody.
            try await site.watch.wait(for: "paired") { $0.hubs[site.backup.endpoint]?.state?.missing == [] }
            #expect(try await CommandRequest("backup/remove", "{}").sent(to: site.backup) == .ok)
            try await site.waitForHome([LocalSite.client])
            try await site.process(of: site.backup.name)?.kill()
            try await site.watch.wait(for: "alone") { $0.hubs[site.main.endpoint]?.state?.phase == .alone }
            try await site.process(of: site.main.name)?.kill()
            try await site.start(site.backup)
            try await site.watch.wait(for: "isolated, and asks no more") {
                $0.hubs[site.backup.endpoint]?.state?.phase == .isolated
                    && $0.machines[site.backup.name]?.heartbeat?.sequence ?? 0 >= 4
            }
            #expect(try await codes(site.backup) == [.notSafe, .notSafe, .notSafe, .malformed], "isolated")
        }
    }

    @Test("Commands that come during a switch: each is answered once, and the site is whole after that")
    func duringSwitch() async throws {
        try await withSite { site in
            let epoch = try #require(await site.watch.view.authority?.active?.epoch)
            async let move = CommandRequest("hub/switch", #"{"to":"backup-1"}"#).sent(to: site.main)
            async let first = CommandRequest("backup/remove", #"{"epoch":\#(epoch)}"#).sent(to: site.main)
            async let second = CommandRequest("backup/remove", #"{"epoch":\#(epoch)}"#).sent(to: site.backup)
            async let third = add(site.backup).sent(to: site.main)
            let answers = try await [move, first, second, third]
            // What came first was done; the others hear why not.
            #expect(answers.count { $0 == .ok } <= 2, "\(answers)")
            for answer in answers where answer != .ok {
                #expect(
                    [.stale, .notActive, .alreadyPaired, .noBackup, .unreachable].contains(answer.code), "\(answers)")
            }
            let isRemoved = answers[1] == .ok
            try await site.watch.wait(for: "one hub acts, and the pair is as it was answered") { view in
                let active = view.authority?.active?.hub
                let pair = view.authority?.pair
                return active != nil && view.everyone(of: [LocalSite.client], follows: active!)
                    && (isRemoved ? pair?.mode != .pairing : pair?.mode == .paired)
            }
        }
    }
}
