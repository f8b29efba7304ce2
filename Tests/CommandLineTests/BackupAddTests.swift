import FailoverCore
import Foundation
import HubClient
import HubProtocol
import License
import LocalSite
import MQTTSession
import Testing

/// `backup/add` on a real site, by the program and by a third party's MQTT client.
@Suite("A Backup is added while the show runs", .serialized, .timeLimit(.minutes(5)))
struct BackupAddTests {
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

    @Test("A Backup is added by its address: answered when it has the show; both servers know it after a restart")
    func addition() async throws {
        try await withUnpaired { site in
            #expect(await site.watch.view.hubs[site.main.endpoint]?.state?.chip == "No backup")
            #expect(await site.watch.view.hubs[site.backup.endpoint]?.state?.chip == "No backup")
            try await fill(site.main, Self.topics)
            let request = CommandRequest.add(site.backup)
            #expect(try await request.sent(to: site.main) == .ok)
            let expected = Set((0..<Self.topics).map { Substring("show/cam-1/\($0) value-\($0)") })
            #expect(try await show(at: site.backup, Self.topics) == expected)
            try await site.expectPaired()
            // The same request once more, as by a program that did not hear the answer; and another one.
            let epoch = await site.watch.view.authority?.active?.epoch
            #expect(try await request.sent(to: site.main) == .ok)
            #expect(try await CommandRequest.add(site.backup).sent(to: site.main).code == .alreadyPaired)
            #expect(await site.watch.view.authority?.active?.epoch == epoch)
            // Killed and started with the same flags, of which none names the other one.
            for server in [site.backup, site.main] {
                try await site.process(of: server.name)?.kill()
                if server.role == .main { try await site.waitForBackup([LocalSite.client]) }
                try await startUntold(server, on: site)
                try await site.expectPaired()
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
            #expect(try await CommandRequest.add(site.backup).sent(to: site.main) == .ok)
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
            try await site.expectPaired()
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
            for command in [
                CommandRequest.add(site.main), CommandRequest("backup/remove", "{}"), CommandRequest("site/stop", "{}"),
            ] {
                let response = try await command.sent(to: site.backup)
                #expect(response.code == .notActive && response.message?.contains("in no pair") == true, "\(response)")
            }
            #expect(try await CommandRequest("backup/remove", "{}").sent(to: site.main).code == .noBackup)
            for payload in ["", "[]", #"{"epoch":-1}"#, #"{"epoch":"x"}"#] {
                #expect(try await CommandRequest("backup/remove", payload).sent(to: site.main).code == .malformed)
            }
            #expect(await site.watch.view.authority?.active?.epoch == epoch)
            #expect(try await CommandRequest.add(site.backup).sent(to: site.main) == .ok, "and it still works")
        }
    }

    @Test("A name that is taken, a Main server, the Backup of another site")
    func otherServers() async throws {
        try await withUnpaired { site in
            let start = { (name: String, role: Role) in
                let ports = FreePorts.take(2)
                return (try await site.startOther(name, role, ports), ports[0])
            }
            let expect = { (code: CommandResponse.Code, port: UInt16, part: String) in
                let response = try await CommandRequest("backup/add", #"{"address":"127.0.0.1","port":\#(port)}"#)
                    .sent(to: site.main)
                #expect(response.code == code && response.message?.contains(part) == true, "\(response)")
            }
            let (namesake, namesakePort) = try await start("cam-1", .backup)
            try await expect(.nameTaken, namesakePort, "is named cam-1 already")
            try await namesake.kill()
            let (main, mainPort) = try await start("main-2", .main)
            try await expect(.unknownMachine, mainPort, "main-2 at 127.0.0.1:\(mainPort) is a Main server")
            // That one gets the Backup; then the first site cannot have it.
            #expect(try await CommandRequest.add(site.backup).sent(to: mainPort) == .ok)
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
            #expect(
                try await CommandRequest.add(site.backup).sent(to: site.main) == .ok,
                "a Backup that was removed there is free")
            try await main.kill()
            try await site.expectPaired()
            // It heard of the Backup's old site as well, whose epochs were higher.
            let lines = try #require(await site.process(of: LocalSite.client)).lines
            #expect(
                !lines.contains { $0.contains("main-2") && !$0.contains("belongs to the site of main-2") }, "\(lines)")
        }
    }

    @Test("A client that was given the Backup of another site follows its own, also when it reached that one first")
    func otherSiteFirst() async throws {
        try await withUnpaired { site in
            let early = try #require(MachineName("cam-8"))
            let newcomer = try #require(MachineName("cam-9"))
            let links = { @Sendable (view: SiteView, server: LocalSite.Server, machine: MachineName) in
                view.hubs[server.endpoint]?.machines[machine]?.links
            }
            let isAtHome = { @Sendable (view: SiteView, machine: MachineName) in
                let links = links(view, site.main, machine)
                return links?.following == site.main.name && links?.hubs[site.backup.name.description] == .lost
            }
            let program = await HubConnection(name: MachineName("gfx-1")!, hubs: site.hubs)
            let publish = { (payload: String) in try await program.publish("show/gfx-1/a", Array(payload.utf8)) }
            try await publish("at home")
            try await site.startClient(early, knowsBackup: true)
            try await site.watch.wait(for: "a client on both hubs") {
                links($0, site.main, early)?.hubs[site.backup.name.description] == .up
            }
            let ports = FreePorts.take(2)
            let other = try await site.startOther("main-2", .main, ports)
            #expect(try await CommandRequest.add(site.backup).sent(to: ports[0]) == .ok)
            try await site.watch.wait(for: "it has left the Backup and follows main-1") { isAtHome($0, early) }
            try await publish("beside a Backup of another site")
            #expect(await program.state.hub == site.main.name)
            let view = await site.watch.view
            #expect(view.authority?.server?.name == site.main.name && view.machines[MachineName("main-2")!] == nil)
            let main = try #require(await site.process(of: site.main.name))
            // One that knows nothing of the site, and one that remembers main-1.
            try await #require(site.process(of: early)).stop()
            try await main.hang()
            for client in [early, newcomer] { try await site.startClient(client, knowsBackup: true) }
            try await site.watch.wait(for: "both have heard of main-2's epoch") { view in
                let epoch = view.hubs[site.backup.endpoint]?.active?.epoch
                return [early, newcomer].allSatisfy { epoch != nil && links(view, site.backup, $0)?.epoch == epoch }
            }
            main.goOn()
            try await site.watch.wait(for: "both follow main-1") { isAtHome($0, early) && isAtHome($0, newcomer) }
            // That Backup becomes this site's: they are with it again.
            #expect(try await CommandRequest("backup/remove", "{}").sent(to: ports[0]) == .ok)
            try await other.kill()
            #expect(try await CommandRequest.add(site.backup).sent(to: site.main) == .ok)
            try await site.waitForHome([LocalSite.client, early, newcomer])
            try await site.watch.wait(for: "both are on both hubs") { view in
                [early, newcomer].allSatisfy {
                    links(view, site.main, $0)?.hubs[site.backup.name.description] == .up
                }
            }
            try await publish("with a Backup again")
            // Another Main takes over the address of their own one, while the Backup is active.
            try await main.kill()
            try await site.waitForBackup([LocalSite.client, early, newcomer])
            let stranger = try await site.startOther("main-3", .main, [site.main.port, site.main.controlPort])
            try await site.watch.wait(for: "everyone has seen it and stays") { view in
                [LocalSite.client, early, newcomer].allSatisfy {
                    let links = links(view, site.backup, $0)
                    return links?.hubs["main-3"] == .lost && links?.following == site.backup.name
                }
            }
            try await publish("on the Backup")
            #expect(await program.state.hub == site.backup.name)
            try await stranger.kill()
            try await startUntold(site.main, on: site)
            try await site.waitForHome([LocalSite.client, early, newcomer])
            try await publish("at home again")
            await program.close()
            for client in [early, newcomer] {
                let lines = try #require(await site.process(of: client)).lines
                let isWarned = { (main: String) in
                    lines.contains { $0.contains("belongs to the site of \(main), not to that of main-1") }
                }
                #expect(isWarned("main-2") && isWarned("main-3"), "\(lines)")
                #expect(
                    !lines.contains { $0.contains("following main-3") || $0.contains(" to main-3 in ") }, "\(lines)")
            }
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
            let response = try await CommandRequest.add(site.backup).sent(to: site.main)
            #expect(response.code == code && response.message?.contains(part) == true, "\(response)")
            #expect(await site.watch.view.hubs[site.main.endpoint]?.pair?.backup == nil)
        } catch {
            await site.end()
            throw error
        }
        await site.end()
    }
}
