import Foundation
import LocalSite
import Testing

/// `understudy files` on real sites.
@Suite("Files", .timeLimit(.minutes(2)))
struct FilesTests {
    @Test("What one machine pushes another pulls, and only what changed travels")
    func pushAndPull() async throws {
        try await WebSite.with(keys: true) { site in
            let (anna, ben) = try (
                FilesMachine("anna", at: site, permission: 2), FilesMachine("ben", at: site, permission: 3)
            )
            try anna.write("one", at: "stage/one.txt")
            try anna.write("", at: "empty")
            try anna.write("näme", at: "Bühne & 100%+.txt")
            try anna.write(Data(repeating: 7, count: 2_000_000), at: "middle")
            try FileManager.default.createSymbolicLink(atPath: anna.path("link"), withDestinationPath: "empty")
            let first = try await anna.report("push", anna.folder)
            #expect(first.pushed == ["Bühne & 100%+.txt", "empty", "middle", "stage/one.txt"] && first.leftOut == 1)
            let pulled = try await ben.report("pull")
            #expect(pulled.pulled == first.pushed && pulled.bytes == 2_000_008)
            #expect(
                ben.read("stage/one.txt") == "one" && ben.read("Bühne & 100%+.txt") == "näme" && ben.read("empty") == ""
            )
            #expect(FileManager.default.contentsEqual(atPath: ben.path("middle"), andPath: anna.path("middle")))

            try ben.write("two", at: "stage/one.txt")
            let second = try await ben.report("push", ben.folder)
            #expect(second.pushed == ["stage/one.txt"] && second.kept == 3 && second.bytes == 3)
            let again = try await anna.report("pull", anna.path("stage"))
            #expect(again.pulled == ["stage/one.txt"] && anna.read("stage/one.txt") == "two")

            let listed = try await anna.files("list", "stage/")
            #expect(listed.code == 0 && listed.output.contains("stage/one.txt") && listed.output.contains("ben"))
            #expect(!listed.output.contains("middle"))
        }
    }

    @Test("Nobody's work is replaced unseen, and both versions are named")
    func conflicts() async throws {
        try await WebSite.with(keys: true) { site in
            let (anna, ben) = try (
                FilesMachine("anna", at: site, permission: 2), FilesMachine("ben", at: site, permission: 2)
            )
            for file in ["a", "b", "c"] { try anna.write("first", at: file) }
            _ = try await anna.report("push", anna.folder)
            _ = try await ben.report("pull")
            try ben.write("ben's", at: "a")
            _ = try await ben.report("push", ben.folder)
            try anna.write("anna's", at: "a")
            try anna.write("anna's", at: "b")
            let refused = try await anna.report("push", anna.folder, code: 3)
            #expect(refused.pushed == ["b"] && refused.conflicts.map(\.path) == ["a"])
            #expect(
                refused.conflicts.first?.expected?.author == "anna" && refused.conflicts.first?.found?.author == "ben")
            let sentence = try await anna.files("push", anna.path("a"))
            #expect(sentence.code == 3 && sentence.error.contains("version 1") && sentence.error.contains("version 2"))

            let kept = try await anna.report("pull", code: 3)
            #expect(kept.conflicts.map(\.path) == ["a"] && anna.read("a") == "anna's")
            let won = try await anna.report("push", anna.path("a"), "--force")
            #expect(won.pushed == ["a"])
            try ben.write("ben's again", at: "a")
            let taken = try await ben.report("pull", "--force")
            #expect(taken.pulled == ["a", "b"] && ben.read("a") == "anna's" && ben.read("b") == "anna's")

            try ben.write("mistake", at: "c")
            try ben.remove("b")
            try ben.write("own", at: "own")
            let reset = try await ben.report("reset")
            #expect(reset.pulled == ["b", "c"] && ben.read("c") == "first" && ben.read("own") == "own")
        }
    }

    @Test("Files are deleted there when asked, with the right to, and then here")
    func deletion() async throws {
        try await WebSite.with(keys: true) { site in
            let anna = try FilesMachine("anna", at: site, permission: 2)
            let ben = try FilesMachine("ben", at: site, permission: 3)
            for file in ["folder/a", "b"] { try anna.write(file, at: file) }
            _ = try await anna.report("push", anna.folder)
            _ = try await ben.report("pull")
            try anna.remove("folder/a")
            let stays = try await anna.report("push", anna.folder)
            #expect(stays.deleted == [] && stays.kept == 2)
            let refused = try await anna.report("push", anna.folder, "--delete", code: 3)
            #expect(refused.deleted == [] && refused.reason?.contains("ermission") == true)
            try ben.remove("folder/a")
            let deleted = try await ben.report("push", ben.folder, "--delete")
            #expect(deleted.deleted == ["folder/a"])
            try anna.write("folder/a", at: "folder/a")
            let removed = try await anna.report("pull")
            #expect(removed.removed == ["folder/a"] && !FileManager.default.fileExists(atPath: anna.path("folder")))
            let low = try FilesMachine("low", at: site, permission: 1)
            #expect(try await low.files("pull").code == 3)
        }
    }

    @Test("A transfer that was killed goes on where it was")
    func killedTransfers() async throws {
        try await WebSite.with(keys: false) { site in
            let (anna, ben) = try (FilesMachine("anna", at: site), FilesMachine("ben", at: site))
            let size = 200_000_000
            var seed = UInt64(1)
            var content = Data(count: size)
            content.withUnsafeMutableBytes { bytes in
                for index in stride(from: 0, to: size, by: 8) {
                    seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    bytes.storeBytes(of: seed, toByteOffset: index, as: UInt64.self)
                }
            }
            try anna.write(content, at: "large")
            try await anna.killed("push", anna.folder) { FilesMachine.hasLargeFile(below: "\(site.folder)/main-1") }
            let pushed = try await anna.report("push", anna.folder)
            #expect(pushed.pushed == ["large"] && pushed.bytes < size)
            try await ben.killed("pull") { FilesMachine.hasLargeFile(below: ben.path(".understudy/partial")) }
            #expect(!FileManager.default.fileExists(atPath: ben.path("large")))
            let pulled = try await ben.report("pull")
            #expect(pulled.pulled == ["large"] && pulled.bytes < size)
            #expect(FileManager.default.contentsEqual(atPath: ben.path("large"), andPath: anna.path("large")))
        }
    }

    @Test("The same content is fetched once for a machine, and a damaged cache harms nobody")
    func cache() async throws {
        try await WebSite.with(keys: false) { site in
            let anna = try FilesMachine("anna", at: site)
            try anna.write("same", at: "a")
            try anna.write("same", at: "b")
            _ = try await anna.report("push", anna.folder)
            let first = try await FilesMachine("ben-1", at: site, cache: "ben").report("pull")
            #expect(first.pulled == ["a", "b"] && first.fromCache == 1 && first.bytes == 4)
            let second = try await FilesMachine("ben-2", at: site, cache: "ben").report("pull")
            #expect(second.fromCache == 2 && second.bytes == 0)
            let cache = "\(site.folder)/cache-ben"
            for file in FileManager.default.subpaths(atPath: cache) ?? []
            where (file as NSString).lastPathComponent.count == 64 {
                try Data("evil".utf8).write(to: URL(filePath: "\(cache)/\(file)"))
            }
            let ben = try FilesMachine("ben-3", at: site, cache: "ben")
            let third = try await ben.report("pull")
            #expect(third.bytes == 4 && ben.read("a") == "same" && ben.read("b") == "same")
        }
    }

    @Test("Wrong uses, a busy folder and a server without files are told in a sentence")
    func refusals() async throws {
        try await WebSite.with(keys: false) { site in
            let anna = try FilesMachine("anna", at: site)
            #expect(try await anna.files("push", anna.path("nothing")).code == 2)
            #expect(try await anna.files("push", "/etc").code == 2)
            let lost = try FilesMachine("lost", in: site.folder, hubs: ["127.0.0.1:1"])
            #expect(try await lost.files("pull").code == 4)
            try FileManager.default.createDirectory(atPath: anna.path(".understudy"), withIntermediateDirectories: true)
            let descriptor = open(anna.path(".understudy"), O_RDONLY)
            defer { close(descriptor) }
            #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
            let busy = try await anna.files("pull")
            #expect(busy.code == 1 && busy.error.contains("another understudy files"))
        }
    }

    @Test("Nothing that a server offers is written where it must not be")
    func hostileNames() async throws {
        try await WebSite.with(keys: false) { site in
            let anna = try FilesMachine("anna", at: site)
            for path in ["files/.understudy/state.sqlite", "files/out/file", "files/good"] {
                #expect(try await site.get(path, ["-X", "PUT", "-d", "content"]).status == 201)
            }
            let outside = "\(site.folder)/outside"
            try FileManager.default.createDirectory(atPath: outside, withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(atPath: anna.path("out"), withDestinationPath: outside)
            let pulled = try await anna.report("pull", code: 1)
            #expect(pulled.pulled == ["good"])
            #expect(pulled.failed.map(\.name).sorted() == [".understudy/state.sqlite", "out/file"])
            #expect(try FileManager.default.contentsOfDirectory(atPath: outside).isEmpty)
        }
    }

    @Test("What cannot be seen here is not taken for removed, and stays on the server")
    func unseen() async throws {
        try await WebSite.with(keys: false) { site in
            let anna = try FilesMachine("anna", at: site)
            for path in ["stage/one", "media/two", "three"] { try anna.write("content", at: path) }
            #expect(try await anna.report("push", anna.folder).pushed.count == 3)
            // Moved to a larger disk, say.
            let elsewhere = "\(site.folder)/elsewhere"
            try FileManager.default.moveItem(atPath: anna.path("media"), toPath: elsewhere)
            try FileManager.default.createSymbolicLink(atPath: anna.path("media"), withDestinationPath: elsewhere)
            try anna.remove("three")
            let pushed = try await anna.report("push", anna.folder, "--delete", code: 1)
            #expect(pushed.deleted == ["three"] && pushed.failed.map(\.name) == ["media/two"])
            #expect(try await site.get("files/media/two").status == 200)
        }
    }

    @Test("While the Backup is active files are locked, and what is not served is said")
    func locked() async throws {
        let site = try await LocalSite(returnDelay: 1)
        do {
            let port = FreePorts.take(1)[0]
            let main = try await site.start(LocalSite.mainName, site.arguments(of: site.main) + ["--http", "\(port)"])
            try await site.start(site.backup)
            try await site.startClient(LocalSite.client)
            try await site.waitForHome([LocalSite.client])
            let hubs = ["127.0.0.1:\(site.main.port)", "127.0.0.1:\(site.backup.port)"]
            let anna = try FilesMachine("anna", in: site.folder, hubs: hubs)
            try anna.write("one", at: "a")
            let open = try await anna.report("push", anna.folder)
            #expect(open.pushed == ["a"])
            // In the middle of a push.
            let count = 3000
            for number in 0..<count { try anna.write("\(number)", at: "many/\(number)") }
            async let interrupted = anna.report("push", anna.folder, code: 3)
            let contents = "\(site.folder)/\(LocalSite.mainName)"
            while (FileManager.default.subpaths(atPath: contents) ?? []).count < 500 {
                try await Task.sleep(for: .milliseconds(5))
            }
            try await main.kill()
            let part = try await interrupted
            #expect(part.reason?.contains("locked") == true, "\(String(describing: part.reason))")
            #expect(!part.pushed.isEmpty && part.notDone > 0 && part.pushed.count + part.notDone == count)

            try await site.watch.wait(for: "the Backup acts") {
                $0.isActive(LocalSite.backupName, at: site.backup.endpoint)
            }
            try anna.write("two", at: "a")
            for command in ["push", "pull", "reset"] {
                let refused = try await anna.files(command, command == "push" ? anna.folder : "--json")
                #expect(refused.code == 3 && refused.error.contains("locked"), "\(refused)")
            }
            #expect(anna.read("a") == "two")

            try await site.start(LocalSite.mainName, site.arguments(of: site.main) + ["--http", "\(port)"])
            try await site.watch.wait(for: "Main is home") { $0.isActive(LocalSite.mainName, at: site.main.endpoint) }
            let rest = try await anna.report("push", anna.folder)
            #expect(rest.pushed.count + rest.alike + part.pushed.count == count + 1)
        } catch {
            await site.end()
            throw error
        }
        await site.end()
    }
}
