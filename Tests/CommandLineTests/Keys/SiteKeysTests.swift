import FailoverCore
import Foundation
import HubClient
import HubProtocol
import Keys
import LocalSite
import MQTTSession
import Testing

/// Keys of a running site: who comes in, who does not and is told why, and what changes while it runs.
@Suite("A site with keys", .serialized, .timeLimit(.minutes(3)))
struct SiteKeysTests {
    private static let guest = MachineName("gfx-1")!

    private func tls(_ key: String) -> [String] { ["--cafile", key, "--cert", key, "--key", key, "--insecure"] }

    /// A key of this machine that some site has issued.
    private func key(
        _ name: MachineName = guest, role: KeyRole = .client, of authority: SiteAuthority?, in folder: String,
        daysAgo: Int64 = 0, days: Int = 365
    ) throws -> String {
        let path = "\(folder)/\(UUID().uuidString).key"
        let moment = Timestamp(millisecondsSince1970: Timestamp.now.millisecondsSince1970 - daysAgo * 86_400_000)
        let authority = try #require(authority)
        try authority.issue(KeyRequest(name: name, role: role, permission: 2, days: days), at: moment).write(to: path)
        return path
    }

    private func publish(_ site: LocalSite, _ key: String, to port: UInt16? = nil) async throws -> Understudy.Outcome {
        try await Understudy.run(
            "/usr/bin/mosquitto_pub",
            ["-p", "\(port ?? site.main.port)", "-V", "5", "-q", "1", "-t", "show/\(Self.guest)/x", "-m", "y"]
                + tls(key))
    }

    // MARK: - Failover

    @Test("Main is killed and comes back: everyone follows, and what was confirmed is there")
    func failover() async throws {
        try await withSite(hasKeys: true) { site in
            // Of the lowest level: its own items are all that it needs.
            let credentials = try #require(try site.key(of: Self.guest, permission: 1).map { TLSCredentials(path: $0) })
            let hub = await HubConnection(name: Self.guest, hubs: site.hubs, credentials: credentials)
            try await hub.publish("show/gfx-1/tally", Array("red".utf8))
            try await site.process(of: site.main.name)?.kill()
            try await site.waitForBackup([LocalSite.client])
            try await hub.publish("show/gfx-1/scene", Array("two".utf8))
            try await site.start(site.main)
            try await site.waitForHome([LocalSite.client])
            let kept = try await Understudy.run(
                "/usr/bin/mosquitto_sub",
                ["-p", "\(site.main.port)", "-t", "show/#", "-C", "2", "-W", "10", "-v"] + tls(credentials.path))
            #expect(Set(kept.output.split(separator: "\n")) == ["show/gfx-1/tally red", "show/gfx-1/scene two"])
            await hub.close()
        }
    }

    @Test("With a key a server listens on all addresses, and warns of nothing")
    func listensEverywhere() async throws {
        try await Understudy.withFolder { folder in
            let authority = try SiteAuthority(name: MachineName("studio")!, at: .now)
            let file = try key(LocalSite.mainName, role: .server, of: authority, in: folder)
            let ports = FreePorts.take(2)
            let server = try await MachineProcess(
                "main-1", program: Understudy.program,
                arguments: [
                    "server", "--role", "main", "--name", "main-1", "--port", "\(ports[0])", "--control-port",
                    "\(ports[1])",
                    "--data", folder + "/main", "--keys", file,
                ])
            let credentials = TLSCredentials(path: try key(of: authority, in: folder))
            // Another of this machine's own addresses.
            let watch = await SiteWatch(hubs: [.tcp(host: "127.0.0.2", port: ports[0])], credentials: credentials)
            try await watch.wait(for: "the hub") { $0.authority?.state != nil }
            #expect(await watch.view.authority?.state?.warnings.contains(.noKeys) == false)
            await watch.stop()
            try await server.kill()
        }
    }

    // MARK: - Who does not belong

    @Test("Another site's key: refused, and the machine says so in a sentence")
    func otherSite() async throws {
        try await withSite(hasKeys: true) { site in
            let other = try SiteAuthority(name: MachineName("elsewhere")!, at: .now)
            let file = try key(of: other, in: site.folder)
            #expect(try await publish(site, file).code != 0)
            let status = try await Understudy.run(["status", "--hub", "\(site.main.endpoint)", "--keys", file])
            #expect(status.code == 3 && status.error.contains("it has keys of another site"), "\(status)")
            try await expectClientSays("it has keys of another site", file, site)
        }
    }

    @Test("A key that has ended: refused, and the machine says so in a sentence")
    func ended() async throws {
        try await withSite(hasKeys: true) { site in
            let file = try key(of: site.authority, in: site.folder, daysAgo: 3, days: 1)
            #expect(try await publish(site, file).code != 0)
            let status = try await Understudy.run(["status", "--hub", "\(site.main.endpoint)", "--keys", file])
            #expect(
                status.code == 3 && status.error.contains("ended on") && status.error.contains("keys renew"),
                "\(status)")
            try await expectClientSays("this machine's key has ended", file, site)
        }
    }

    /// A client goes on trying: its key may be renewed, or the address put right.
    private func expectClientSays(_ sentence: String, _ file: String, _ site: LocalSite) async throws {
        let said = AsyncStream.makeStream(of: Void.self)
        let client = try await MachineProcess(
            "client", program: Understudy.program,
            arguments: [
                "client", "--name", "\(Self.guest)", "--main", "\(site.main.endpoint)", "--keys", file, "--data",
                "\(site.folder)/\(UUID().uuidString)",
            ]
        ) { if $0.contains(sentence) { said.continuation.yield() } }
        let isSaid = await said.stream.first { _ in true } != nil
        #expect(isSaid)
        try await client.kill()
    }

    @Test("No key, no TLS, and TLS 1.1: refused by every broker; TLS 1.2 and 1.3 with a key are not")
    func withoutKey() async throws {
        try await withSite(hasKeys: true) { site in
            let file = try key(of: site.authority, in: site.folder)
            for port in [site.main.port, site.main.controlPort, site.backup.port, site.backup.controlPort] {
                let plain = try await Understudy.run(
                    "/usr/bin/mosquitto_pub",
                    ["-p", "\(port)", "-V", "5", "-q", "1", "-t", "election/x/vote/y", "-m", "y"])
                #expect(plain.code != 0)
                let nobody = try await Understudy.run(
                    "/usr/bin/mosquitto_pub",
                    ["-p", "\(port)", "-q", "1", "-t", "election/x/vote/y", "-m", "y", "--cafile", file, "--insecure"])
                #expect(nobody.code != 0)
                for (version, isSpoken) in [("-tls1_1", false), ("-tls1_2", true), ("-tls1_3", true)] {
                    let outcome = try await Understudy.run(
                        "/usr/bin/openssl",
                        [
                            "s_client", "-connect", "127.0.0.1:\(port)", version, "-cipher", "ALL:@SECLEVEL=0",
                            "-CAfile", file,
                            "-cert", file, "-key", file, "-verify_return_error",
                        ])
                    #expect(
                        outcome.output.contains("Cipher is (NONE)") != isSpoken, "\(version) on \(port): \(outcome)")
                }
            }
            let status = try await Understudy.run(["status", "--hub", "\(site.main.endpoint)"])
            #expect(status.code == 3 && status.error.contains("--keys"), "\(status)")
        }
    }

    @Test(
        "What has the key of a client, or of another server than it says, is no hub for anybody",
        arguments: [KeyRole.client, .server])
    func falseHub(_ role: KeyRole) async throws {
        try await withSite(hasKeys: true) { site in
            let file = try key(of: site.authority, in: site.folder)
            let its = try key(
                role == .client ? Self.guest : site.backup.name, role: role, of: site.authority, in: site.folder)
            let port = FreePorts.take(1)[0]
            let configuration = site.folder + "/false.conf"
            try Data(
                """
                listener \(port) 127.0.0.1
                user \(NSUserName())
                log_dest stderr
                allow_anonymous true
                cafile \(its)
                certfile \(its)
                keyfile \(its)

                """.utf8
            ).write(to: URL(filePath: configuration))
            let running = AsyncStream.makeStream(of: Void.self)
            let broker = try await MachineProcess(
                "false hub", program: "/usr/sbin/mosquitto", arguments: ["-c", configuration]
            ) { if $0.hasSuffix(" running") { running.continuation.yield() } }
            _ = await running.stream.first { _ in true }
            // Word for word what Main says of itself.
            let main = try await Understudy.run(
                "/usr/bin/mosquitto_sub",
                ["-p", "\(site.main.port)", "-t", "hub/server", "-C", "1", "-W", "10"] + tls(file))
            _ = try await Understudy.run(
                "/usr/bin/mosquitto_pub",
                ["-p", "\(port)", "-t", "hub/server", "-r", "-q", "1", "-m", main.output] + tls(file))
            let status = try await Understudy.run(["status", "--hub", "127.0.0.1:\(port)", "--keys", file])
            let sentence = role == .client ? "the key of a client" : "another server than the one whose key it has"
            #expect(status.code == 3 && status.error.contains(sentence), "\(status)")
            try await broker.kill()
        }
    }

    @Test("A key that is not this server's: refused at start, with the reason")
    func wrongKey() async throws {
        try await Understudy.withFolder { folder in
            let authority = try SiteAuthority(name: MachineName("studio")!, at: .now)
            let site = folder + "/site"
            try authority.write(to: site)
            let garbage = folder + "/garbage"
            try Data("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".utf8).write(
                to: URL(filePath: garbage))
            let cases = [
                (try key(LocalSite.mainName, of: authority, in: folder), "is the key of a client"),
                (try key(LocalSite.backupName, role: .server, of: authority, in: folder), "was issued to backup-1"),
                (site, "the site's private authority"), (garbage, "is no key that can be used"),
                (folder + "/none", "cannot be read"),
            ]
            for (file, sentence) in cases {
                let ports = FreePorts.take(2)
                let outcome = try await Understudy.run([
                    "server", "--role", "main", "--name", "main-1", "--port", "\(ports[0])", "--control-port",
                    "\(ports[1])",
                    "--data", folder + "/main", "--keys", file,
                ])
                #expect(outcome.code == 2 && outcome.error.contains(sentence), "\(outcome)")
            }
        }
    }

    @Test(
        "A Backup with another site's key, or without one, is not added, and the answer says why",
        arguments: [true, false])
    func foreignBackup(_ hasKey: Bool) async throws {
        let site = try await LocalSite(returnDelay: 0.3, hasKeys: true)
        do {
            var alone = try await site.arguments(of: site.main)
            let named = try #require(alone.firstIndex(of: "--backup"))
            alone.removeSubrange(named...(named + 1))
            try await site.start(site.main.name, alone)
            try await startForeignBackup(of: site, hasKey)
            let main = site.main
            try await site.watch.wait(for: "Main alone") { $0.isActive(main.name, at: main.observed) }
            try await expectNotAdded(site, hasKey)
        } catch {
            await site.end()
            throw error
        }
        await site.end()
    }

    private func startForeignBackup(of site: LocalSite, _ hasKey: Bool) async throws {
        let other = try SiteAuthority(name: MachineName("elsewhere")!, at: .now)
        let file = try key(LocalSite.backupName, role: .server, of: other, in: site.folder)
        var arguments = try await site.arguments(of: site.backup)
        let place = try #require(arguments.firstIndex(of: "--keys"))
        if hasKey { arguments[place + 1] = file } else { arguments.removeSubrange(place...(place + 1)) }
        let watch = await SiteWatch(
            hubs: [site.backup.endpoint], credentials: hasKey ? TLSCredentials(path: file) : nil, findsOthers: false)
        try await site.start(site.backup.name, arguments)
        let endpoint = site.backup.endpoint
        try await watch.wait(for: "the other server") { $0.hubs[endpoint]?.server != nil }
        await watch.stop()
    }

    private func expectNotAdded(_ site: LocalSite, _ hasKey: Bool) async throws {
        let response = try await CommandRequest(
            "backup/add", #"{"address":"127.0.0.1","port":\#(site.backup.port)}"#, user: "\(LocalSite.operatorName)",
            key: site.credentials?.path
        ).sent(to: site.main)
        #expect(response.code == .keysDiffer, "\(response)")
        #expect(response.message?.contains(hasKey ? "keys of another site" : "has no keys") == true, "\(response)")
    }

    @Test(
        "A Backup that comes back with another site's key, or without one: Main acts, and says that the keys differ",
        arguments: [true, false])
    func keysDiffer(_ hasKey: Bool) async throws {
        try await withSite(hasKeys: true) { site in
            try await site.process(of: site.backup.name)?.kill()
            try await startForeignBackup(of: site, hasKey)
            let main = site.main
            try await site.watch.wait(for: "keysDiffer") {
                $0.isActive(main.name, at: main.observed)
                    && $0.hubs[main.observed]?.state?.missing.contains(.keysDiffer) == true
            }
            let status = try await Understudy.run([
                "status", "--hub", "\(main.endpoint)", "--keys", try #require(site.credentials).path,
            ])
            #expect(status.code == 0 && status.output.contains(HubState.Missing.keysDiffer.sentence), "\(status)")
        }
    }

    // MARK: - Revoking

    private func revoke(_ name: MachineName, _ site: LocalSite, at servers: [LocalSite.Server]) async throws
        -> Understudy.Outcome
    {
        let file = site.folder + "/site"
        if !FileManager.default.fileExists(atPath: file) { try #require(site.authority).write(to: file) }
        return try await Understudy.run(
            ["keys", "revoke", "\(name)", "--site", file] + servers.flatMap { ["--hub", "\($0.endpoint)"] })
    }

    @Test(
        "A revoked key: its sessions end, no broker takes it, and the machine says so; a new one of that name is good")
    func revoked() async throws {
        try await withSite(hasKeys: true) { site in
            let file = try #require(try site.key(of: Self.guest))
            let credentials = TLSCredentials(path: file)
            let session = await ObservedEnd(site.main.endpoint, credentials)
            try await session.opened()
            let outcome = try await revoke(Self.guest, site, at: [site.main])
            #expect(outcome.code == 0 && outcome.output.contains("backup-1 and main-1"), "\(outcome)")
            await session.ended()
            for port in [site.main.port, site.main.controlPort, site.backup.port, site.backup.controlPort] {
                let outcome = try await publish(site, file, to: port)
                #expect(outcome.code != 0 && outcome.error.contains("Not authorized"), "\(outcome)")
            }
            let status = try await Understudy.run(["status", "--hub", "\(site.main.endpoint)", "--keys", file])
            #expect(status.code == 3 && status.error.contains("it was revoked"), "\(status)")
            try await expectClientSays("it was revoked", file, site)
            #expect(try await publish(site, try key(of: site.authority, in: site.folder)).code == 0)
            // Nobody else was moved.
            try await site.waitForHome([LocalSite.client])
            #expect(await site.watch.view.machines[LocalSite.client]?.lastSwitch == nil)
        }
    }

    @Test("Servers remember it when they start again, and one that was away hears of it")
    func remembered() async throws {
        try await withSite(hasKeys: true) { site in
            let file = try #require(try site.key(of: Self.guest))
            try await site.process(of: site.backup.name)?.kill()
            let outcome = try await revoke(Self.guest, site, at: [site.main])
            #expect(outcome.code == 0 && outcome.output.contains("backup-1 did not answer"), "\(outcome)")
            try await site.start(site.backup)
            try await site.waitForHome([LocalSite.client])
            try await expectRefused(file, site, at: site.backup)
            for server in [site.main, site.backup] { try await site.process(of: server.name)?.kill() }
            for server in [site.main, site.backup] { try await site.start(server) }
            try await site.waitForHome([LocalSite.client])
            for server in [site.main, site.backup] { try await expectRefused(file, site, at: server) }
        }
    }

    private func expectRefused(_ file: String, _ site: LocalSite, at server: LocalSite.Server) async throws {
        let outcome = try await publish(site, file, to: server.port)
        #expect(outcome.code != 0 && outcome.error.contains("Not authorized"), "\(server.name): \(outcome)")
    }

    @Test("Many revocations at once: each is done, also while another command is carried out, and all are remembered")
    func manyAtOnce() async throws {
        try await withSite(hasKeys: true) { site in
            let authority = try #require(site.authority)
            let file = site.credentials?.path
            // It looks for a server where nobody answers, which takes its time.
            async let busy = CommandRequest(
                "backup/add", #"{"machine":"nobody-1"}"#, user: "\(LocalSite.operatorName)", key: file
            ).sent(to: site.main)
            try await withThrowingTaskGroup { group in
                for number in 1...8 {
                    for server in [site.main, site.backup] {
                        group.addTask {
                            let token = try await authority.revoke(MachineName("lost-\(number)")!, at: .now).token
                            let response = try await CommandRequest(
                                "keys/revoke", #"{"revocation":"\#(token)"}"#, user: "\(LocalSite.operatorName)",
                                key: file
                            ).sent(to: server)
                            #expect(response.status == .ok, "\(response)")
                        }
                    }
                }
                try await group.waitForAll()
            }
            _ = try await busy
            for server in [site.main, site.backup] {
                let list = try String(
                    contentsOfFile: "\(site.dataPath(of: server.name))/run/revocations", encoding: .utf8)
                #expect(Set(list.split(separator: "\n").map { $0.prefix { $0 != " " } }).count == 8, "\(list)")
            }
        }
    }

    @Test("Another site's revocation, and a changed one, do nothing")
    func falseRevocation() async throws {
        try await withSite(hasKeys: true) { site in
            let other = try SiteAuthority(name: MachineName("elsewhere")!, at: .now)
            let token = try await other.revoke(Self.guest, at: .now).token
            let own = try await #require(site.authority).revoke(MachineName("somebody-1")!, at: .now).token
            for token in [token, String(own.dropLast(4)), "", "x"] {
                let response = try await CommandRequest(
                    "keys/revoke", #"{"revocation":"\#(token)"}"#, user: "\(LocalSite.operatorName)",
                    key: site.credentials?.path
                ).sent(to: site.main)
                #expect(response.code == .keysDiffer, "\(response)")
            }
            #expect(try await publish(site, try #require(try site.key(of: Self.guest))).code == 0)
        }
    }

    @Test("A server whose own key is revoked hands over, ends, and does not start again")
    func serverRevoked() async throws {
        try await withSite(hasKeys: true) { site in
            let process = try #require(await site.process(of: site.main.name))
            #expect(try await revoke(site.main.name, site, at: [site.main]).code == 0)
            #expect(try await process.ended() == .exited(code: 3))
            try await site.waitForBackup([LocalSite.client])
            let again = try await Understudy.run(try await site.arguments(of: site.main))
            #expect(again.code == 3 && again.error.contains("was revoked"), "\(again)")
        }
    }

    @Test("What else is revoked meanwhile does not cut off a server that has yet to hand over")
    func handOverGoesFirst() async throws {
        try await withSite(hasKeys: true) { site in
            let guest = try #require(try site.key(of: Self.guest))
            let authority = try #require(site.authority)
            let list = "\(site.dataPath(of: site.backup.name))/run/revocations"
            for name in [site.main.name, Self.guest] {
                let token = try await authority.revoke(name, at: .now).token
                let response = try await CommandRequest(
                    "keys/revoke", #"{"revocation":"\#(token)"}"#, user: "\(LocalSite.operatorName)",
                    key: site.credentials?.path
                ).sent(to: site.backup)
                #expect(response.status == .ok, "\(response)")
            }
            // The guest is out at once; Main is not, as long as it may hand over.
            let inForce = try String(contentsOfFile: list, encoding: .utf8)
            #expect(inForce.contains("\(Self.guest) ") && !inForce.contains("\(site.main.name) "), "\(inForce)")
            #expect(try await publish(site, guest, to: site.backup.port).code != 0)
            try await site.waitForBackup([LocalSite.client])
        }
    }

    // MARK: - Renewing

    @Test("Renewed while the site runs: new connections see the new key, and no session ends")
    func renewed() async throws {
        try await withSite(hasKeys: true) { site in
            let file = try #require(try site.key(of: site.main.name, .server))
            let before = try await certificate(at: site.main.port, file)
            let session = await ObservedEnd(site.main.endpoint, try #require(site.credentials))
            try await session.opened()
            try #require(site.authority).write(to: site.folder + "/site")
            let outcome = try await Understudy.run([
                "keys", "renew", file, "--site", site.folder + "/site", "--days", "20",
            ])
            #expect(outcome.code == 0, "\(outcome)")
            let main = site.main
            // The server looks at its key every few seconds.
            try await site.watch.wait(for: "the new key, which ends soon") {
                $0.hubs[main.observed]?.state?.warnings.contains(.keysEnding) == true
            }
            for port in [site.main.port, site.main.controlPort] {
                // A broker reads it a moment after it was told to.
                let deadline = ContinuousClock.now + .seconds(10)
                while try await certificate(at: port, file) == before, .now < deadline {}
                #expect(try await certificate(at: port, file) != before)
            }
            #expect(await session.isOpen)
            try await site.waitForHome([LocalSite.client])
            #expect(await site.watch.view.machines[LocalSite.client]?.lastSwitch == nil)
        }
    }

    private func certificate(at port: UInt16, _ file: String) async throws -> String {
        let outcome = try await Understudy.run(
            "/usr/bin/openssl",
            ["s_client", "-connect", "127.0.0.1:\(port)", "-CAfile", file, "-cert", file, "-key", file])
        return String(try #require(outcome.output.split(separator: "-----END CERTIFICATE-----").first))
    }

    @Test("30 days before a client's key ends the site says so, until it is renewed")
    func ending() async throws {
        try await withSite(hasKeys: true) { site in
            let file = try key(of: site.authority, in: site.folder, days: 29)
            let client = try await MachineProcess(
                "client", program: Understudy.program,
                arguments: [
                    "client", "--name", "\(Self.guest)", "--main", "\(site.main.endpoint)", "--keys", file, "--data",
                    "\(site.folder)/ending",
                ])
            let main = site.main
            let warns = { @Sendable (view: SiteView) in
                view.hubs[main.observed]?.state?.warnings.contains(.keysEnding) == true
            }
            try await site.watch.wait(for: "the warning", until: warns)
            try #require(site.authority).write(to: site.folder + "/site")
            #expect(try await Understudy.run(["keys", "renew", file, "--site", site.folder + "/site"]).code == 0)
            try await site.watch.wait(for: "its end") { !warns($0) }
            try await client.kill()
        }
    }
}

/// A session with a hub, until it ends.
@SessionLoop
private final class ObservedEnd {
    struct NeverOpened: Error {}

    private var session: Session!
    private let events: AsyncStream<Session.Event>

    init(_ endpoint: Endpoint, _ credentials: TLSCredentials) {
        let (events, continuation) = AsyncStream.makeStream(of: Session.Event.self)
        self.events = events
        session = Session(
            .init(endpoint: endpoint, credentials: credentials, clientID: "observed-\(UInt32.random(in: 0 ... .max))")
        ) { continuation.yield($0) }
        session.open()
    }

    var isOpen: Bool { session.isOpen }

    func opened() async throws {
        for await event in events {
            guard case .opened = event else { throw NeverOpened() }
            return
        }
    }

    func ended() async { for await event in events { if case .closed = event { return } } }
}
