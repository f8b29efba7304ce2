import ChildProcess
import FailoverCore
import Foundation
import LocalSite
import Synchronization
import Testing

extension Trait where Self == ConditionTrait {
    /// Says what is missing where tests are skipped.
    fileprivate static var avahi: Self {
        .enabled("these tests run Avahi, which needs avahi-daemon, avahi-utils and dbus") {
            ["/usr/sbin/avahi-daemon", "/usr/bin/avahi-browse", "/usr/bin/dbus-daemon"]
                .allSatisfy(FileManager.default.isExecutableFile)
        }
    }
}

/// What `understudy discover --json` prints.
private struct Discovery: Decodable {
    struct Server: Decodable, Hashable {
        var name: String
        var role: String
        var address: String
        var port: UInt16
        var site: String?
        var paired: Bool
    }

    var servers: [Server]
    var error: String?

    /// A Backup that is in no pair belongs to no site.
    static func server(_ server: LocalSite.Server, isPaired: Bool) -> Server {
        Server(
            name: "\(server.name)", role: server.role.rawValue, address: server.host, port: server.port,
            site: isPaired || server.role == .main ? "\(LocalSite.mainName)" : nil, paired: isPaired)
    }
}

/// Servers announce themselves by DNS-SD, and are found from another machine.
@Suite("Discovery", .serialized, .realNetworks, .avahi, .timeLimit(.minutes(3)))
struct DiscoveryTests {
    private static let looker = MachineName("cam-1")!

    /// Reads what another machine sees, live.
    private final class Watch {
        private let reading: Task<Void, Never>
        private var lists: AsyncStream<Discovery>.Iterator

        init(_ net: RealNetwork, from machine: MachineName) {
            let (lists, continuation) = AsyncStream.makeStream(of: Discovery.self)
            self.lists = lists.makeAsyncIterator()
            let (program, arguments) = net.network.entering(
                machine, net.site.program, ["discover", "--watch", "--json"])
            reading = Task {
                _ = try? await ChildProcess(program, arguments: arguments).run(reading: .everything) { line in
                    if let list = try? JSONDecoder().decode(Discovery.self, from: Data(line.utf8)) {
                        continuation.yield(list)
                    }
                }
                continuation.finish()
            }
        }

        /// Waits for a list of this kind, and returns all that came before it.
        @discardableResult
        func wait(for what: String, until condition: @escaping (Discovery) -> Bool) async throws -> [Discovery] {
            var seen: [Discovery] = []
            let patience = Task { [reading] in
                try await Task.sleep(for: .seconds(60))
                reading.cancel()
            }
            defer { patience.cancel() }
            while let list = await lists.next() {
                seen.append(list)
                if condition(list) { return seen }
            }
            Issue.record("not seen: \(what); \(seen.suffix(3))")
            throw CancellationError()
        }

        func end() async {
            reading.cancel()
            await reading.value
        }
    }

    private func withWatch(_ body: (RealNetwork, Watch) async throws -> Void) async throws {
        try await RealNetwork.with(clients: [Self.looker], hasAvahi: true) { net in
            let watch = Watch(net, from: Self.looker)
            do {
                try await body(net, watch)
            } catch {
                await watch.end()
                throw error
            }
            await watch.end()
        }
    }

    /// Returns when it stands, or Avahi has refused it.
    private func announce(
        _ label: String, _ texts: [String], on machine: MachineName, in net: RealNetwork
    ) async throws -> Task<Void, any Error> {
        let (program, arguments) = net.network.entering(
            machine, "avahi-publish-service", ["--", label, "_understudy._tcp", "1883"] + texts)
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        let publisher = Task {
            defer { continuation.finish() }
            _ = try await ChildProcess(program, arguments: arguments).run { continuation.yield($0) }
        }
        _ = await lines.first { $0.contains("Established") }
        return publisher
    }

    private func discover(_ net: RealNetwork, _ options: [String]) async throws -> String {
        let (program, arguments) = net.network.entering(Self.looker, net.site.program, ["discover"] + options)
        let said = Mutex<[String]>([])
        _ = try await ChildProcess(program, arguments: arguments).run(reading: .everything) { line in
            said.withLock { $0.append(line) }
        }
        return said.withLock { $0.joined(separator: "\n") }
    }

    @Test("Both servers of a pair are found, one that is lost goes, and one that is back comes")
    func found() async throws {
        try await withWatch { net, watch in
            let pair = [true, true].enumerated().map {
                Discovery.server([net.main, net.backup][$0.offset], isPaired: true)
            }
            try await watch.wait(for: "the pair") { $0.servers == pair }
            #expect(try await discover(net, []).contains("10.0.0.2:1883"))
            let once = try JSONDecoder().decode(
                Discovery.self, from: Data(try await discover(net, ["--json"]).utf8))
            #expect(once.servers == pair && once.error == nil)

            try await net.site.process(of: net.backup.name)?.kill()
            try await watch.wait(for: "Main, whose Backup is away") {
                $0.servers == [Discovery.server(net.main, isPaired: true)]
            }
            try await net.site.start(net.backup)
            try await watch.wait(for: "the pair again") { $0.servers == pair }
        }
    }

    /// From the other machine.
    private func backup(_ command: [String], _ net: RealNetwork) async throws -> (ending: String, said: String) {
        let (program, arguments) = net.network.entering(
            Self.looker, net.site.program, ["backup"] + command + ["--hub", "\(net.main.endpoint)", "--user", "anna"])
        let said = Mutex<[String]>([])
        let ending = try await ChildProcess(program, arguments: arguments).run(reading: .everything) { line in
            said.withLock { $0.append(line) }
        }
        return ("\(ending)", said.withLock { $0.joined(separator: "\n") })
    }

    @Test("A Backup that was removed is listed as free, and is added by the name under which it announces itself")
    func added() async throws {
        try await withWatch { net, watch in
            let servers = [net.main, net.backup]
            let free = servers.map { Discovery.server($0, isPaired: false) }
            let pair = servers.map { Discovery.server($0, isPaired: true) }
            try await watch.wait(for: "the pair") { $0.servers == pair }
            var outcome = try await backup(["remove"], net)
            #expect(outcome.said.contains("backup-1 is no Backup of main-1 any more"), "\(outcome)")
            try await watch.wait(for: "both free") { $0.servers == free }
            // Somebody else announces himself under that name.
            let impostor = try await announce(
                "impostor", ["name=backup-1", "role=backup", "paired=false", "address=10.0.0.3"], on: Self.looker,
                in: net)
            try await watch.wait(for: "two of one name") { $0.servers.count == 3 }
            outcome = try await backup(["add", "backup-1"], net)
            #expect(outcome.said.contains("several servers announce themselves as backup-1"), "\(outcome)")
            impostor.cancel()
            _ = await impostor.result
            try await watch.wait(for: "one of one name") { $0.servers == free }
            outcome = try await backup(["add", "backup-1"], net)
            #expect(outcome.said.contains("backup-1 is the Backup of main-1"), "\(outcome)")
            let seen = try await watch.wait(for: "the pair again") { $0.servers == pair }
            // Main was there all the time, also while its announcement changed.
            #expect(seen.allSatisfy { $0.servers.contains { $0.name == "main-1" } })
            try await net.waitForHome()
        }
    }

    @Test("Avahi stops and comes back, on a server and where somebody looks; nobody on air notices")
    func restart() async throws {
        try await withWatch { net, watch in
            let (main, backup) = (net.main, net.backup)
            try await watch.wait(for: "the pair") { $0.servers.count == 2 && $0.servers.allSatisfy(\.paired) }
            await net.network.stopAvahi(on: main.name)
            try await watch.wait(for: "the Backup only") { $0.servers.map(\.name) == ["\(backup.name)"] }
            try await net.network.startAvahi(on: main.name)
            try await watch.wait(for: "the pair again") { $0.servers.count == 2 }
            await net.network.stopAvahi(on: Self.looker)
            try await watch.wait(for: "a sentence") {
                $0.servers.isEmpty && $0.error?.contains("Avahi does not run") == true
            }
            try await net.network.startAvahi(on: Self.looker)
            try await watch.wait(for: "the pair from here again") { $0.servers.count == 2 && $0.error == nil }
            #expect(await net.moved == [])
        }
    }

    @Test("What is not announced as a server of ours does it is ignored")
    func foreign() async throws {
        try await withWatch { net, watch in
            let proper = ["role=main", "paired=false", "site=studio-b"]
            let hostile: [(label: String, texts: [String])] = [
                ("no texts", []), ("; = + -", ["name=a b"] + proper), ("line\n=;eth0;IPv4;x", ["name=a\nb"] + proper),
                (#"quotes " " ""#, [#"name=a" "name=b"#] + proper),
                ("long", ["name=" + String(repeating: "x", count: 65)] + proper),
                ("terminal \u{1B}[2J", ["name=\u{1B}[2J"] + proper),
                ("boss", ["name=boss", "role=boss", "paired=true"]),
                ("client", ["name=client", "role=client", "paired=true"]), (#"\032\"#, ["name=../../etc"] + proper),
                ("address", ["name=address", "address=a b"] + proper),
            ]
            var publishers: [Task<Void, any Error>] = []
            for (label, texts) in hostile + [("last", ["name=last"] + proper)] {
                publishers.append(try await announce(label, texts, on: net.backup.name, in: net))
            }
            let seen = try await watch.wait(for: "all that is right") { list in
                ["main-1", "backup-1", "last"].allSatisfy { name in list.servers.contains { $0.name == name } }
            }
            for publisher in publishers {
                publisher.cancel()
                _ = await publisher.result
            }
            let more = try await watch.wait(for: "the pair only") {
                $0.servers.count == 2 && $0.servers.allSatisfy(\.paired)
            }
            let names = Set((seen + more).flatMap(\.servers).map(\.name))
            #expect(names == ["main-1", "backup-1", "last"])
        }
    }
}
