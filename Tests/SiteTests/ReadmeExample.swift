import FailoverCore
import Foundation
import HubClient
import LocalSite
import Testing

/// The README's example, word for word.
private func example(hubs: [String], keys: String?) async throws {
    let hub = try await HubConnection(name: "gfx-1", hubs: hubs, keys: keys)  // ["10.0.0.1", "10.0.0.2"], "gfx-1.key"
    let cues = try await hub.subscribe("show/cam-1/#")
    let reading = Task {
        for try await cue in cues { print(cue.topic, String(decoding: cue.payload, as: UTF8.self)) }
    }
    let watching = Task { for await state in await hub.states() { print("hub:", state.hub?.description ?? "none") } }
    try await hub.publish("show/gfx-1/logo", "on".utf8)  // done when both hubs have it
    try await hub.publish("cues/next", "go".utf8, retain: false, confirm: .hub)
    await hub.close()
    _ = try await (reading.value, watching.value)
}

@Suite("The README", .timeLimit(.minutes(1)))
struct ReadmeTests {
    @Test("Its example compiles, runs on a real site, and stands there as it is here")
    func example() async throws {
        let site = try await LocalSite(returnDelay: 1, hasKeys: true)
        try await site.startAll(clients: [])
        try await SiteTests.example(
            hubs: site.hubs.map(\.description), keys: try site.key(of: MachineName("gfx-1")!))
        #expect(try await RetainedReader.read(site.backup.endpoint, site.credentials) == ["show/gfx-1/logo": "on"])
        await site.end()
        let here = URL(filePath: #filePath)
        let source = try String(contentsOf: here, encoding: .utf8)
        let body = try #require(source.firstRange(of: "    let hub = ").map { source[$0.lowerBound...] })
        let lines = body.split(separator: "\n").prefix { $0 != "}" }.map { $0.dropFirst(4) }
        var root = here
        for _ in 0..<3 { root.deleteLastPathComponent() }
        let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        #expect(readme.contains(lines.joined(separator: "\n")))
    }
}
