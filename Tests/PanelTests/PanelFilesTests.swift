import FailoverCore
import Foundation
import LocalSite
import Testing

/// The page of files, on a client's panel and on Main's.
@Suite("Panel: files", .serialized, .timeLimit(.minutes(3)))
struct PanelFilesTests {
    private static let hostile = [
        "<img src=x onerror='window.isBroken=1'>.html", "\u{202E}gnp.exe\u{202C} עברית.txt",
        String(repeating: "long", count: 50),
    ]

    @Test("Files are chosen and dropped, seen on the other panel, replaced, downloaded and deleted")
    func pushing() async throws {
        try await PanelSite.with { panel in
            try await Browser.with { client in
                try await Browser.with { main in
                    for (browser, address) in [(client, panel.client), (main, panel.main)] {
                        try await browser.open("\(address)#files")
                        try await browser.wait(for: "document.getElementById('files-state').dataset.state === 'open'")
                        try await browser.wait(
                            for: "document.getElementById('files-empty').innerText === 'There are no files yet.'")
                    }
                    try await push(panel, client, main)
                    try await replace(panel, client, main)
                    try await conflict(panel, client, main)
                    try await delete(client, main)
                    #expect(try await client.value("window.isBroken === undefined", as: Bool.self))
                    #expect(try await client.text("#files-title") == "Files")
                    for browser in [client, main] {
                        // Nothing but the refusal that was asked for.
                        let complaints = try await browser.complaints()
                        #expect(complaints.allSatisfy { $0.contains("412") }, "\(complaints)")
                    }
                }
            }
        }
    }

    private func push(_ panel: PanelSite, _ client: Browser, _ main: Browser) async throws {
        let files = try ["looks.txt", "cues.csv"].map { try file(panel, $0, "the first \($0)") }
        try await client.type("stage/1/", into: "#push-folder")
        try await client.choose(files, in: "#push-input")
        try await client.wait(for: Self.uploads("2 of 2 files stored"))
        #expect(try await client.text("#upload-rows").contains("✓ Stored as version 1"))
        // By itself, with who it was.
        for browser in [client, main] { try await browser.wait(for: Self.shows("stage/1/looks.txt", 1, by: "cam-1")) }

        try await main.drop(Self.hostile, on: "#file-rows")
        try await main.wait(for: Self.uploads("3 of 3 files stored"))
        let folder = "\(panel.site.folder)/set/deep"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for name in ["set/one.txt", "set/deep/two.txt"] { _ = try file(panel, name, name) }
        try await main.drop(paths: ["\(panel.site.folder)/set"])
        try await main.wait(for: Self.uploads("5 of 5 files stored"))
        for browser in [client, main] {
            try await browser.wait(for: "document.querySelectorAll('#file-rows tr').length === 7")
            let paths = try await browser.value(
                "[...document.querySelectorAll('#file-rows th bdi')].map(node => node.textContent)", as: [String].self)
            #expect(
                Set(paths)
                    == Set(Self.hostile + ["stage/1/looks.txt", "stage/1/cues.csv", "set/one.txt", "set/deep/two.txt"]))
            #expect(paths == paths.sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) })
        }
        #expect(try await client.text("#files-word").hasPrefix("7 files, "))
        try await client.picture("18 files")
        try await client.type("CUES", into: "#files-search")
        try await client.wait(for: "document.querySelectorAll('#file-rows tr').length === 1")
        #expect(try await client.text("#files-word").contains("1 found"))
        try await client.type(" ", into: "#files-search")
        try await client.wait(for: "document.querySelectorAll('#file-rows tr').length === 7")
    }

    private func replace(_ panel: PanelSite, _ client: Browser, _ main: Browser) async throws {
        let path = try file(panel, "looks.txt", "the second")
        try await client.choose([path], in: "#push-input")
        try await client.wait(for: "document.getElementById('question').open")
        let question = try await client.text("#question")
        #expect(question.contains("stage/1/looks.txt: version 1 by cam-1"), "\(question)")
        try await client.picture("19 a file is there already")
        try await client.click("#question-act")
        try await main.wait(for: Self.shows("stage/1/looks.txt", 2, by: "cam-1"))

        try await main.click("[aria-label='Versions of stage/1/looks.txt']")
        try await main.wait(for: "document.querySelectorAll('#version-rows a[href]').length === 2")
        try await main.picture("20 versions of a file")
        try await main.run(
            """
            const links = [...document.querySelectorAll('#version-rows a')];
            Promise.all(links.map(link => fetch(link.href).then(async response => [await response.text(), link.download,
              response.headers.get("Content-Disposition"), response.headers.get("Content-Security-Policy")].join("; "))))
              .then(answers => { document.body.dataset.answers = answers.join(", "); });
            """)
        try await main.wait(for: "document.body.dataset.answers")
        let kept = "looks.txt; attachment; default-src 'none'; sandbox"
        #expect(
            try await main.value("document.body.dataset.answers", as: String.self)
                == "the second; \(kept), the first looks.txt; \(kept)")
        try await main.press(Browser.escape)
    }

    private func conflict(_ panel: PanelSite, _ client: Browser, _ main: Browser) async throws {
        try await client.choose([try file(panel, "looks.txt", "the client's")], in: "#push-input")
        try await client.wait(for: "document.getElementById('question').open")
        // While the client's operator thinks about it.
        try await main.type("stage/1", into: "#push-folder")
        try await main.choose([try file(panel, "looks.txt", "Main's")], in: "#push-input")
        try await main.wait(for: "document.getElementById('question').open")
        try await main.click("#question-act")
        try await client.wait(for: Self.shows("stage/1/looks.txt", 3, by: "main-1"))
        try await client.click("#question-act")
        try await client.wait(for: "document.querySelector('.upload[data-state=conflict]')")
        let row = try await client.text(".upload[data-state=conflict]")
        #expect(
            row.contains("The newest is version 3 by main-1") && row.contains("You saw version 2 by cam-1"), "\(row)")
        try await client.picture("21 somebody else was faster")
        try await client.click(".upload[data-state=conflict] button")
        try await main.wait(for: Self.shows("stage/1/looks.txt", 4, by: "cam-1"))
    }

    private func delete(_ client: Browser, _ main: Browser) async throws {
        try await client.narrow()
        try await client.picture("22 files on a telephone")
        #expect(
            try await client.value(
                "document.documentElement.scrollWidth <= document.documentElement.clientWidth", as: Bool.self))
        try await client.click("[aria-label^='Delete <img']")
        #expect(try await client.text("#question-body").contains(Self.hostile[0]))
        try await client.click("#question-act")
        try await main.wait(for: "document.querySelectorAll('#file-rows tr').length === 6")
        try await client.wait(for: "document.querySelectorAll('#file-rows tr').length === 6")
        try await client.run("scrollTo(0, 0)")
        try await client.click("#files-deleted")
        try await client.wait(for: "document.querySelectorAll('#file-rows tr').length === 7")
        #expect(try await client.text("tr[data-state=deleted]").contains("deleted"))
        try await client.click("[aria-label^='Versions of <img']")
        try await client.wait(for: "document.querySelectorAll('#version-rows tr').length === 2")
        try await client.wait(for: "document.querySelectorAll('#version-rows a[href]').length === 1")
        try await client.picture("23 versions of a deleted file on a telephone")
    }

    @Test(
        "Main is killed while a file is pushed: why it is locked is said on the page and beside the file; it opens by itself"
    )
    func lock() async throws {
        try await PanelSite.with { panel in
            let small = try file(panel, "small.txt", "small")
            let large = try file(panel, "film.mov", "")
            try #require(truncate(large, 100 << 20) == 0)
            try await Browser.with { browser in
                try await browser.open("\(panel.client)#files")
                try await browser.wait(for: "document.getElementById('files-state').dataset.state === 'open'")
                try await browser.choose([small], in: "#push-input")
                try await browser.wait(for: Self.shows("small.txt", 1, by: "cam-1"))
                try await browser.slow(to: 4 << 20)
                try await browser.choose([large], in: "#push-input")
                try await browser.wait(for: "document.querySelector('.upload[data-state=sending] progress').value > 0")
                try await browser.picture("24 a large file is pushed")
                try await browser.waitForChip("Backup is idle")
                _ = try await panel.kill(panel.site.main)

                // On a busy machine the pair may be parted at that moment: whatever the site says is said here.
                let reason = "no file is pushed or pulled until main-1 is the active hub again"
                try await browser.wait(for: "document.querySelector('.upload[data-state=locked]')")
                try await browser.wait(
                    for:
                        "['#files-state', '.upload[data-state=locked]'].every(part => document.querySelector(part).innerText.includes('\(reason)'))"
                )
                // The list is read as it was; nothing else can be done with it.
                try await browser.wait(for: "document.getElementById('files-old').checkVisibility()")
                try await browser.wait(for: "!document.querySelector('#file-rows a[href]')")
                #expect(try await browser.text("#file-rows").contains("small.txt"))
                #expect(
                    try await browser.value(
                        "['push-files', 'push-tree'].every(id => document.getElementById(id).ariaDisabled === 'true') && document.querySelector('[aria-label=\"Delete small.txt\"]').ariaDisabled === 'true'",
                        as: Bool.self))
                try await browser.drop(["dropped.txt"], on: "#files")
                try await browser.wait(for: "document.getElementById('notices').innerText.includes('Files are locked')")
                try await browser.picture("25 files while the Backup is active")
                try await browser.openTab("\(panel.backup)#files")
                try await browser.wait(for: "document.querySelector('#files-elsewhere a')")
                #expect(try await browser.text("#files-state").contains(reason))
                #expect(
                    try await browser.value("document.querySelector('#files-elsewhere a').href", as: String.self)
                        == "\(panel.main)/#files")
                try await browser.picture("26 files on the Backup's panel")
                try await browser.showFirstTab()

                try await panel.start(panel.site.main)
                try await browser.wait(for: "document.getElementById('files-state').dataset.state === 'open'")
                try await browser.wait(
                    for: "document.querySelector('.upload[data-state=locked] button').ariaDisabled === 'false'")
                try await browser.wait(for: "document.getElementById('files-old').hidden")
                try await browser.wait(for: "document.querySelectorAll('#file-rows a[href]').length === 1")
                try await browser.choose([small], in: "#push-input")
                try await browser.click("#question-act")
                try await browser.wait(for: Self.shows("small.txt", 2, by: "cam-1"))
                // It is sent once more, and not to its end.
                try await browser.click(".upload[data-state=locked] button")
                try await browser.wait(for: "document.querySelector('.upload[data-state=sending] progress').value > 0")
                try await browser.click(".upload[data-state=sending] button")
                try await browser.wait(for: "document.querySelector('.upload[data-state=cancelled]')")
                #expect(
                    try await browser.value("document.querySelectorAll('#file-rows tr').length", as: Int.self) == 1)
                let complaints = try await browser.complaints()
                #expect(complaints.allSatisfy { $0.contains("423") || $0.contains("502") }, "\(complaints)")
            }
        }
    }

    /// A file of this machine, outside the site.
    private func file(_ panel: PanelSite, _ name: String, _ content: String) throws -> String {
        let path = "\(panel.site.folder)/\(name)"
        try content.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private static func uploads(_ text: String) -> String {
        "document.getElementById('uploads-word').innerText === \(Browser.literal(text))"
    }

    private static func shows(_ path: String, _ version: Int, by author: String) -> String {
        "[...document.querySelectorAll('#file-rows tr')].some(row => row.cells[0].innerText === \(Browser.literal(path)) && row.cells[1].innerText === '\(version)' && row.cells[3].innerText === '\(author)')"
    }
}
