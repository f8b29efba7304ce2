import FailoverCore
import HubClient
import LocalSite
import MQTTSession
import Testing

/// The addresses that a program was given, and those that the servers give themselves.
@Suite("A program's ways to the hubs", .serialized, .timeLimit(.minutes(2)))
struct WaysTests {
    private static let witness = MachineName("cam-1")!

    private enum Given: CaseIterable {
        case mainAndNobody, nobodyAndBackup, mainAndOtherBroker
    }

    private static func hubs(_ given: Given, of site: LocalSite) -> [Endpoint] {
        let nobody = Endpoint.tcp(host: "127.0.0.1", port: FreePorts.take(1)[0])
        return switch given {
        case .mainAndNobody: [site.main.endpoint, nobody]
        case .nobodyAndBackup: [nobody, site.backup.endpoint]
        // It answers, and says nothing of a hub.
        case .mainAndOtherBroker: [site.main.endpoint, .tcp(host: "127.0.0.1", port: site.backup.controlPort)]
        }
    }

    @Test("One that leads nowhere: the site tells the right one", arguments: Given.allCases)
    private func found(_ given: Given) async throws {
        let site = try await LocalSite(returnDelay: 0.3)
        try await site.startAll(clients: [Self.witness])
        let hub = await HubConnection(name: LocalSite.operatorName, hubs: Self.hubs(given, of: site))
        do {
            let messages = try await hub.subscribe("show/#")
            let reading = Task {
                var seen: [String] = []
                for try await message in messages {
                    seen.append(String(decoding: message.payload, as: UTF8.self))
                    if seen.last == "end" { break }
                }
                return seen
            }
            try await hub.publish("show/anna/a", "1".utf8)
            try await #require(await site.process(of: site.main.name)).kill()
            try await hub.publish("show/anna/a", "2".utf8)
            try await site.start(site.main)
            try await site.waitForHome([Self.witness])
            try await hub.publish("show/anna/a", "end".utf8)
            #expect(try await reading.value == ["1", "2", "end"])
        } catch {
            Issue.record("\(given): \(error)")
        }
        await hub.close()
        await site.end()
    }
}
