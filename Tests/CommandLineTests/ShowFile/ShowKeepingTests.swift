import FailoverCore
import Foundation
import HubClient
import HubProtocol
import LocalSite
import Testing

/// What lies on Main's disk, and when.
@Suite("Show files on disk", .serialized, .timeLimit(.minutes(2)))
struct ShowKeepingTests {
    private func withMain(_ more: [String] = [], _ body: (LocalSite, HubConnection) async throws -> Void) async throws {
        let site = try await LocalSite(returnDelay: 0.3)
        let hub = await HubConnection(name: MachineName("gfx-1")!, hubs: [site.main.endpoint])
        do {
            try await site.startMainAlone(more)
            try await body(site, hub)
        } catch {
            await hub.close()
            await site.end()
            throw error
        }
        await hub.close()
        await site.end()
    }

    private func backups(_ site: LocalSite) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(site.showFolder)/backups").sorted()
    }

    @Test("Automatic backups: one when something has changed, the oldest goes, and a planned stop makes one")
    func backups() async throws {
        try await withMain(["--show-backup-interval", "0.005", "--show-backups", "2"]) { site, hub in
            for number in 1...4 {
                try await hub.publish("show/gfx-1/x", "\(number)".utf8)
                try await hub.publish("show/gfx-1/\(number)", "x".utf8)
                // The newest holds so many items.
                try await site.waitForShows("backup \(number)") { $0.shows.first?.items == number + 1 }
            }
            let shows = try await site.shows()
            #expect(shows.shows.map(\.items) == [5, 4] && shows.shows.allSatisfy(\.isAutomatic))
            #expect(try backups(site).count == 2)
            #expect(try await site.show("save", "Gala").code == 0)
            // What is saved already is not saved again: several intervals pass.
            let before = try backups(site)
            try await site.waitForShows("the listing") { $0.current?.description == "Gala" }
            try await hub.publish("cues/other", "1".utf8)
            try await Task.sleep(for: .seconds(1))
            #expect(try backups(site) == before)
        }
    }

    @Test("A planned stop saves what has changed, and no more; the show and its name are there after it")
    func plannedStop() async throws {
        try await withMain { site, hub in
            try await hub.publish("show/gfx-1/x", "1".utf8)
            #expect(try await site.show("save", "Gala").code == 0)
            try await #require(await site.process(of: site.main.name)).stop()
            #expect(try backups(site).isEmpty)

            try await site.startMainAlone()
            #expect(try await site.shows().current?.description == "Gala")
            try await hub.publish("show/gfx-1/x", "2".utf8)
            try await #require(await site.process(of: site.main.name)).stop()
            #expect(try backups(site).count == 1)

            try await site.startMainAlone()
            try await hub.publish("show/gfx-1/y", "3".utf8)
            let stop = try await Understudy.run(["site", "stop", "--hub", "\(site.main.endpoint)"])
            #expect(stop.code == 0, "\(stop)")
            try await #require(await site.process(of: site.main.name)).ended()
            #expect(try backups(site).count == 2)

            try await site.startMainAlone()
            let kept = try await Understudy.run(
                "/usr/bin/mosquitto_sub",
                ["-p", "\(site.main.port)", "-t", "show/#", "-F", "%t=%p", "-C", "2", "-W", "5"])
            #expect(Set(kept.output.split(separator: "\n")) == ["show/gfx-1/x=2", "show/gfx-1/y=3"])
            let saved = try await site.show("save")
            #expect(saved.output == "Gala is saved, with 2 items.\n", "\(saved)")
            #expect(try backups(site).count == 3, "what was saved as Gala before")
            let before = try #require(try backups(site).last).replacing(".show", with: "")
            #expect(try await site.show("load", before).code == 0)
            #expect(try await site.shows().current?.description == "Gala")
            #expect(try await site.show("save").output == "Gala is saved, with 1 item.\n")
        }
    }

    @Test("kill -9 while a show is saved again and again: every file is whole")
    func killed() async throws {
        try await withMain { site, hub in
            for number in 0..<4 {
                try await hub.publish("show/gfx-1/\(number)", [UInt8](repeating: 0x78, count: 500_000))
            }
            for round in 1...3 {
                let saving = Task {
                    var count = 0
                    while !Task.isCancelled {
                        count += 1
                        try? await hub.publish("show/gfx-1/count", "\(round) \(count)".utf8, within: .seconds(1))
                        _ = try? await CommandRequest("show/save", #"{"name":"Gala"}"#).sent(to: site.main)
                    }
                }
                try await site.waitForShows("three backups") { $0.shows.count > 3 }
                try await Task.sleep(for: .milliseconds(.random(in: 0...40)))
                saving.cancel()
                try await #require(await site.process(of: site.main.name)).kill()
                await saving.value
                try await site.startMainAlone()
                let shows = try await site.shows().shows
                #expect(shows.count > 1 && shows.allSatisfy { $0.problem == nil && $0.bytes > 2_000_000 })
                let files = try FileManager.default.subpathsOfDirectory(atPath: site.showFolder)
                #expect(!files.contains { $0.hasSuffix(".new") }, "\(files)")
            }
        }
    }

    @Test("A damaged file, a newer one and strange ones hide no other, and each says what is wrong")
    func damaged() async throws {
        try await withMain { site, hub in
            try await hub.publish("show/gfx-1/x", "1".utf8)
            for name in ["Good", "Damaged"] { #expect(try await site.show("save", name).code == 0) }
            try await #require(await site.process(of: site.main.name)).stop()
            let folder = site.showFolder
            let path = "\(folder)/Damaged.show"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try text.replacing("\"1\"", with: "\"7\"").write(toFile: path, atomically: true, encoding: .utf8)
            try text.replacing("\"version\" : 1", with: "\"version\" : 2").write(
                toFile: "\(folder)/Newer.show", atomically: true, encoding: .utf8)
            let byHand =
                #"{"format":"understudy-show","version":1,"name":"a","savedAt":"2026-01-01T00:00:00.000Z","items":[]}"#
            try byHand.write(toFile: "\(folder)/By Hand.show", atomically: true, encoding: .utf8)
            for name in ["empty.show", "no.txt", ".hidden.show"] {
                #expect(FileManager.default.createFile(atPath: "\(folder)/\(name)", contents: nil))
            }
            try FileManager.default.createDirectory(atPath: "\(folder)/dir.show", withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder)/link.show", withDestinationPath: "/etc/passwd")

            try await site.startMainAlone()
            let shows = try await site.shows().shows
            #expect(shows.map(\.name.description).sorted() == ["By Hand", "Damaged", "Good", "Newer", "empty"])
            #expect(Set(shows.filter { $0.problem == nil }.map(\.name.description)) == ["By Hand", "Good"])
            for (name, sentence) in [
                ("Damaged", "digest differs"), ("Newer", "version 2"), ("empty", "no show file"),
                ("Other", "no show file"),
            ] {
                let load = try await site.show("load", name)
                #expect(load.code == 3 && load.error.contains(sentence), "\(load)")
            }
            let list = try await site.show("list")
            #expect(list.code == 0 && list.output.contains("cannot be loaded: it is damaged"), "\(list)")
            #expect(try await site.show("load", "By Hand").code == 0, "an empty show")
            let backup = try #require(try await site.shows().shows.first(where: \.isAutomatic) ?? shows.first)
            #expect(!backup.isAutomatic, "what was there is in Good already")
        }
    }

    @Test("Names that lead out of the folder, or are a backup's, are refused everywhere")
    func names() async throws {
        try await withMain { site, _ in
            for name in ["../x", "a/b", ".x", "", "2026-11-23T12-00-00-000Z", String(repeating: "x", count: 65)] {
                let saved = try await CommandRequest("show/save", #"{"name":"\#(name)"}"#).sent(to: site.main)
                #expect(saved.code == .malformed && saved.message?.isEmpty == false, "\(name): \(saved)")
                if name != "2026-11-23T12-00-00-000Z" { #expect(try await site.show("load", name).code == 2) }
            }
            let unnamed = try await site.show("save")
            #expect(unnamed.code == 2 && unnamed.error.contains("no name yet"), "\(unnamed)")
            let unknown = try await site.show("load", "2026-11-23T12-00-00-000Z")
            #expect(unknown.code == 3 && unknown.error.contains("understudy show list"), "\(unknown)")
            #expect(try await site.show("list").output == "no show has been saved\n")
            let files = try FileManager.default.subpathsOfDirectory(atPath: site.showFolder)
            #expect(files == ["backups"])
        }
    }
}
