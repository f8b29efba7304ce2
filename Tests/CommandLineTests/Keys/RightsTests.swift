import FailoverCore
import HubProtocol
import Keys
import LocalSite
import MQTTSession
import Testing

/// Who may do what with a key, on every broker, whatever program they use.
@Suite("Rights", .serialized, .timeLimit(.minutes(3)))
struct RightsTests {
    /// A row of the contract: which levels may write a topic, and which see what is on it. `ME` is the asker.
    struct Row: Sendable {
        var topic: String
        var writers: ClosedRange<Int>?
        var readers: ClosedRange<Int>?

        init(_ topic: String, write writers: ClosedRange<Int>?, read readers: ClosedRange<Int>?) {
            (self.topic, self.writers, self.readers) = (topic, writers, readers)
        }

        func topic(of machine: String) -> String { topic.replacing("ME", with: machine) }
    }

    static let hubRows = [
        Row("hub/active", write: nil, read: 1...3),
        Row("hub/probe", write: nil, read: 1...3),
        Row("hub/shows", write: nil, read: 2...3),
        Row("machines/ME/probe", write: 1...3, read: 1...3),
        Row("machines/other-1/status", write: nil, read: 1...3),
        Row("show/ME/item", write: 1...3, read: 1...3),
        Row("show/ME/delays/a", write: 1...3, read: 1...3),
        Row("show/other-1/item", write: 3...3, read: 2...3),
        Row("show/other-1/routing/a/b", write: 3...3, read: 2...3),
        Row("show", write: 3...3, read: 2...3),
        Row("commands/ME/no/such", write: 1...3, read: 1...3),
        Row("commands/other-1/hub/switch", write: nil, read: nil),
        Row("commands/ME/pair/join", write: nil, read: 1...3),
        Row("responses/ME/probe", write: nil, read: 1...3),
        Row("responses/other-1/probe", write: nil, read: nil),
        Row("replication/ME", write: nil, read: nil),
        Row("replication/main-1", write: nil, read: nil),
        Row("resume/ME/probe", write: 1...3, read: nil),
        Row("resume/other-1/probe", write: nil, read: nil),
        Row("confirmations/ME/probe", write: nil, read: 1...3),
        Row("confirmations/other-1/probe", write: nil, read: nil),
        Row("markers/ME/probe", write: 1...3, read: 1...3),
        Row("markers/other-1/probe", write: nil, read: nil),
        Row("election/main-1/will", write: nil, read: nil),
        Row("cues/probe", write: 2...3, read: 2...3),
        Row("shows/probe", write: 2...3, read: 2...3),
        Row("/", write: 2...3, read: 2...3),
        Row("$CONTROL/dynamic-security/v1", write: nil, read: nil),
        Row("$SYS/broker/clients/total", write: nil, read: nil),
    ]

    static let controlRows = [
        Row("election/main-1/heartbeat", write: nil, read: 1...3),
        Row("election/main-1/will", write: nil, read: 1...3),
        Row("election/ME/will", write: nil, read: 1...3),
        Row("election/backup-1/vote/ME", write: 1...3, read: 1...3),
        Row("election/backup-1/vote/other-1", write: nil, read: 1...3),
        Row("hub/active", write: nil, read: nil),
        Row("cues/probe", write: nil, read: nil),
        Row("show/ME/item", write: nil, read: nil),
        Row("commands/ME/hub/switch", write: nil, read: nil),
    ]

    @Test("Each level, each family of topics, writing and reading, on both hubs and both control brokers")
    func levels() async throws {
        try await withSite(hasKeys: true) { site in
            for server in [site.main, site.backup] {
                for (kind, port, rows) in [
                    ("hub", server.port, Self.hubRows), ("control", server.controlPort, Self.controlRows),
                ] {
                    let door = try await BrokerDoor.open("\(site.folder)/\(server.name)/run/\(kind).sock")
                    for level in 1...3 {
                        let what = "level \(level) on the \(kind) broker of \(server.name)"
                        try await checkWriting(rows, level, what, site, door, port, isControl: kind == "control")
                        try await checkReading(rows, level, what, site, door, port, isControl: kind == "control")
                    }
                    await door.close()
                }
            }
        }
    }

    private func checkWriting(
        _ rows: [Row], _ level: Int, _ what: String, _ site: LocalSite, _ door: BrokerDoor, _ port: UInt16,
        isControl: Bool
    ) async throws {
        let machine = "level-\(level)"
        let fence =
            isControl ? "election/fence/vote/\(machine)" : "machines/\(machine)/fence-\(UInt32.random(in: 0 ... .max))"
        let topics = rows.map { $0.topic(of: machine) }
        let client = PahoClient(
            port: port, key: try site.key(of: MachineName(machine)!, permission: level), publish: topics, fence: fence)
        #expect(try await client.run().connected == 0)
        let mine = await door.messages(until: fence).filter { $0.payload.starts(with: Array(#"{"by": "paho""#.utf8)) }
        let arrived = Set(mine.map(\.topic))
        for (row, topic) in zip(rows, topics) {
            #expect(arrived.contains(topic) == (row.writers?.contains(level) ?? false), "\(what) writes \(topic)")
        }
    }

    private func checkReading(
        _ rows: [Row], _ level: Int, _ what: String, _ site: LocalSite, _ door: BrokerDoor, _ port: UInt16,
        isControl: Bool
    ) async throws {
        let machine = "level-\(level)"
        // The broker's own are its to write, and it has been heard of what this hub says of itself.
        let probes = rows.filter { $0.topic != "hub/active" && !$0.topic.hasPrefix("$") }
        let topics = probes.map { $0.topic(of: machine) }
        let ready = isControl ? "election/ready/vote/\(machine)" : "machines/\(machine)/ready"
        let fence = isControl ? "election/fence" : "machines/\(machine)/fence"
        let kept = ["show/\(machine)/kept", "show/other-1/kept"]
        if !isControl { for topic in kept { try await door.publish(topic, retain: true) } }
        let client = PahoClient(
            port: port, key: try site.key(of: MachineName(machine)!, permission: level), publish: [ready],
            read: ["#", "$SYS/#"], fence: fence, waits: true)
        async let answer = client.run()
        _ = await door.messages(until: ready)
        for topic in topics { try await door.publish(topic) }
        try await door.publish(fence, "fence")
        let seen = Set(try await answer.received)
        if !isControl {
            #expect(kept.filter(seen.contains) == (level == 1 ? [kept[0]] : kept), "\(what) reads what is kept")
        }
        for (row, topic) in zip(probes, topics) {
            #expect(seen.contains(topic) == (row.readers?.contains(level) ?? false), "\(what) reads \(topic)")
        }
        #expect(seen.contains("$SYS/broker/version") == (!isControl && level >= 2), "\(what) reads $SYS")
    }

    /// One that each of three levels gives, and what the site says.
    @Test("Commands: the site tells a level that is too low so, and changes nothing", arguments: [1, 2, 3])
    func commands(_ level: Int) async throws {
        try await withSite(hasKeys: true) { site in
            let user = "level-\(level)"
            let key = try #require(try site.key(of: MachineName(user)!, permission: level))
            for (command, payload) in [
                ("backup/remove", #"{"epoch":1}"#), ("backup/add", #"{"machine":"backup-9"}"#),
                ("hub/switch", #"{"to":"nobody-1"}"#), ("site/stop", "[]"),
                ("show/load", "[]"),
            ] {
                let response = try await CommandRequest(command, payload, user: user, key: key).sent(to: site.main)
                #expect(response.status == .refused)
                #expect((response.code == .permissionDenied) == (level < 3), "\(command): \(response)")
                if level < 3 { #expect(response.message?.contains("permission 3") == true) }
            }
            // Neither on the hub that is not active.
            let elsewhere = try await CommandRequest("hub/switch", #"{"to":"backup-1"}"#, user: user, key: key).sent(
                to: site.backup)
            #expect(elsewhere.code == (level < 3 ? .permissionDenied : .notActive))
        }
    }
}
