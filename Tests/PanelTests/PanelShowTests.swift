import FailoverCore
import HubClient
import LocalSite
import Testing

/// Delays and Routing, edited on one panel and seen on the other ones.
@Suite("Panel: delays and routing", .serialized, .timeLimit(.minutes(3)))
struct PanelShowTests {
    @Test("An edit is seen on every panel; one that is made while Main is killed is not lost")
    func edits() async throws {
        try await PanelSite.with { panel in
            let program = await HubConnection(name: PanelSite.clients[1], hubs: panel.site.hubs)
            try await program.publish("show/gfx-1/delays/video", Array("40 ms".utf8))
            try await program.publish("show/gfx-1/routing/input/1", Array("SDI 3".utf8))
            try await Browser.with { one in
                try await Browser.with { other in
                    try await one.open("\(panel.client)#delays")
                    try await other.open("\(panel.backup)#delays")
                    for browser in [one, other] {
                        try await browser.wait(for: Self.shows("video", "40 ms", in: "delays"))
                    }

                    try await edit("video", to: "60 ms", one)
                    try await other.wait(for: Self.shows("video", "60 ms", in: "delays"))
                    try await one.wait(for: "document.querySelector('#delays tr[data-edit=saved]')")
                    try await one.picture("14 delays")

                    // On the Backup's panel, while Main goes.
                    async let killed = panel.kill(panel.site.main)
                    try await edit("video", to: "80 ms", other)
                    _ = try await killed
                    try await one.wait(for: Self.shows("video", "80 ms", in: "delays"))
                    try await other.wait(for: "document.querySelector('#delays tr[data-edit=saved]')")
                    try await one.waitForChip("Backup is active")

                    try await one.click(".navigation a[href='#routing']")
                    try await one.wait(for: Self.shows("input/1", "SDI 3", in: "routing"))
                    try await one.type("output/2", into: "#routing [name=path]")
                    try await one.type("<b>SDI 4</b>", into: "#routing [name=text]")
                    try await one.click("#routing .add-item .act")
                    try await other.click(".navigation a[href='#routing']")
                    try await other.wait(for: Self.shows("output/2", "<b>SDI 4</b>", in: "routing"))
                    try await one.picture("15 routing while the Backup is active")
                    for _ in 1...2 { try await other.click("#routing tbody tr:last-child .actions button") }
                    for browser in [one, other] {
                        try await browser.wait(for: "document.querySelectorAll('#routing tbody tr').length === 1")
                        let complaints = try await browser.complaints()
                        #expect(complaints.isEmpty)
                    }

                    try await panel.start(panel.site.main)
                    for browser in [one, other] {
                        try await browser.waitForChip("Backup is idle")
                        try await browser.click(".navigation a[href='#delays']")
                        try await browser.wait(for: Self.shows("video", "80 ms", in: "delays"))
                        let complaints = try await browser.complaints()
                        #expect(complaints.allSatisfy { !$0.contains("Uncaught") }, "\(complaints)")
                    }
                }
            }
            await program.close()
        }
    }

    @Test("An edit waits while the panel's own machine is away, and says so")
    func waiting() async throws {
        try await PanelSite.with { panel in
            try await Browser.with { browser in
                try await browser.open("\(panel.main)#delays")
                try await browser.waitForChip("Backup is idle")
                try await browser.type("audio", into: "#delays [name=path]")
                try await browser.type("5 ms", into: "#delays [name=text]")
                try await browser.press(Browser.enter)
                try await browser.wait(for: Self.shows("audio", "5 ms", in: "delays"))
                _ = try await panel.kill(panel.site.main)
                try await edit("audio", to: "7 ms", browser)
                try await browser.wait(for: "document.querySelector('#delays tr[data-edit=waiting]')")
                #expect(try await browser.text("#delays tr[data-edit=waiting]").contains("not lost"))
                try await browser.picture("16 an edit waits")
                try await panel.start(panel.site.main)
                try await browser.wait(for: "document.querySelector('#delays tr[data-edit=saved]')")
                try await browser.wait(for: Self.shows("audio", "7 ms", in: "delays"))
                // Deleted, and gone.
                for _ in 1...2 { try await browser.click("#delays tbody .actions button") }
                try await browser.wait(for: "document.querySelectorAll('#delays tbody tr').length === 0")
            }
        }
    }

    @Test("Level 2 edits its own items only, level 1 sees no others", arguments: [1, 2])
    func rights(level: Int) async throws {
        try await PanelSite.with(permission: level) { panel in
            let program = await HubConnection(
                name: LocalSite.operatorName, hubs: panel.site.hubs, credentials: panel.site.credentials)
            try await program.publish("show/gfx-1/delays/video", Array("40 ms".utf8))
            try await program.publish("show/cam-1/delays/video", Array("20 ms".utf8))
            try await Browser.with { browser in
                try await browser.open("\(panel.client)#delays")
                try await browser.wait(for: Self.shows("video", "20 ms", in: "delays"))
                try await browser.waitForChip("Backup is idle")
                #expect(
                    try await browser.value("document.querySelectorAll('#delays tbody tr').length", as: Int.self)
                        == level)
                let canEdit = try await browser.value(
                    "[...document.querySelectorAll('#delays tbody input')].map(input => !input.readOnly).join()",
                    as: String.self)
                #expect(canEdit == (level == 1 ? "true" : "true,false"))
                try await edit("video", to: "30 ms", browser)
                try await browser.wait(for: "document.querySelector('#delays tr[data-edit=saved]')")
                // Past the page, too.
                try await browser.run(
                    """
                    fetch("/api/show/gfx-1/delays/video", { method: "PUT", headers: { "Content-Type": "application/json" },
                      body: '{"text":"0"}' }).then(response => { document.body.dataset.answer = response.status; });
                    """)
                try await browser.wait(for: "document.body.dataset.answer === '403'")
                try await browser.click(".navigation a[href='#files']")
                let (act, needed) = level == 1 ? ("see", 2) : ("delete", 3)
                #expect(
                    try await browser.text("#files-against")
                        == "To \(act) files takes permission \(needed), and cam-1 has \(level).")
                #expect(
                    try await browser.value("document.getElementById('files-parts').hidden", as: Bool.self)
                        == (level == 1))
                guard level == 2 else { return }
                // Over TLS, with the key of this client.
                try await browser.drop(["pushed.txt"], on: "#files")
                try await browser.wait(for: "document.getElementById('file-rows').innerText.includes('cam-1')")
                try await browser.wait(
                    for: "document.querySelector('[aria-label=\"Delete pushed.txt\"]').ariaDisabled === 'true'")
            }
            await program.close()
        }
    }

    private func edit(_ item: String, to text: String, _ browser: Browser) async throws {
        try await browser.type(text, into: "#delays input[aria-label^='\(item) of']")
        try await browser.press(Browser.enter)
    }

    private static func shows(_ item: String, _ text: String, in page: String) -> String {
        "[...document.querySelectorAll('#\(page) tbody tr')].some(row => row.cells[1].innerText === \(Browser.literal(item)) && row.querySelector('input').value === \(Browser.literal(text)))"
    }
}
