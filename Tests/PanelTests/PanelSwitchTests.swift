import FailoverCore
import LocalSite
import Testing

/// The panel through a failover and the return, in a real browser. The pictures are in `.build/panel`.
@Suite("Panel: switches", .serialized, .timeLimit(.minutes(3)))
struct PanelSwitchTests {
    @Test("Main is killed and returns: a client's panel shows it at once, and is never loaded anew")
    func killAndReturn() async throws {
        try await PanelSite.with { panel in
            try await Browser.with { browser in
                try await browser.open(panel.client)
                try await browser.waitForChip("Backup is idle")
                try await browser.run("window.isTheSamePage = true")
                try await browser.wait(for: "document.querySelectorAll('#hub-main .client').length === 3")
                try await browser.picture("1 all is well")

                var spans: [Double] = []
                for round in 1...3 {
                    async let seen = browser.waitForChip("Backup is active")
                    let killed = try await panel.kill(panel.site.main)
                    spans.append(try await seen - killed)
                    try await browser.wait(for: "document.querySelectorAll('#hub-backup .client').length === 3")
                    if round == 1 {
                        try await browser.picture("2 Main was killed")
                        try await lookAround(browser)
                    }
                    try await panel.start(panel.site.main)
                    try await browser.waitForChip("Backup is idle")
                    try await browser.wait(for: "document.querySelectorAll('#hub-main .client').length === 3")
                }
                let median = spans.sorted()[spans.count / 2]
                print("from the kill of Main to the chip's new text: \(spans.map { "\(Int($0)) ms" })")
                #expect(median <= 1000, "\(spans)")

                // Every switch stands there, with what each client felt of it.
                try await browser.wait(
                    for: "document.querySelectorAll('#timeline [data-reason=mainLost]').length >= 3")
                try await browser.wait(
                    for: "document.querySelectorAll('#timeline [data-reason=mainLost] .outages li').length >= 9")
                try await browser.picture("3 Main is back")
                #expect(try await browser.value("window.isTheSamePage === true", as: Bool.self))
                #expect(try await browser.value("document.title", as: String.self) == "● Backup is idle – cam-1")
                // Nothing but the refusal that was asked for.
                let complaints = try await browser.complaints()
                #expect(complaints.allSatisfy { $0.contains("api/commands/backup/remove") && $0.contains("409") })
            }
        }
    }

    /// While the Backup is active: the reason behind the chip, and the table.
    private func lookAround(_ browser: Browser) async throws {
        try await browser.click("#chip")
        let reason = try await browser.text("#reason")
        #expect(
            reason.contains("The Backup serves the show") && reason.contains("Main died, hung or could not be reached"))
        #expect(try await browser.value("document.getElementById('chip').ariaExpanded", as: String.self) == "true")
        try await browser.press(Browser.escape)
        #expect(try await browser.value("document.getElementById('reason').hidden", as: Bool.self))
        #expect(try await browser.text("[data-check=serverLink]").contains("the two servers do not see each other"))
        // Nothing is claimed that nobody can know now.
        let lines = try await browser.text("#checks")
        #expect(lines.contains("the site has two servers, Main and Backup"), "\(lines)")
        #expect(lines.contains("Server with failover licence: not known now"), "\(lines)")
        #expect(!lines.contains("reaches the hub of the Backup"), "\(lines)")
        #expect(
            try await browser.value("document.getElementById('switch-by-hand').ariaDisabled", as: String.self) == "true"
        )
        let against = try await browser.text("#switch-against")
        #expect(against == "backup-1 does not see main-1 now. A switch is possible when it does.")

        try await browser.click(".navigation a[href='#machines']")
        try await browser.wait(for: "document.querySelector('tr[data-role=main]').dataset.state === 'lost'")
        let isOnEveryPanel = try await browser.text("#machines .chip")
        #expect(isOnEveryPanel.contains("Backup is active"))
        #expect(try await browser.text("tr[data-role=main]").contains("✕ lost"))
        // A site that cannot switch back says why, and the question stays.
        try await browser.click("tr[data-role=backup] button.icon")
        #expect(try await browser.text("#question-body").contains("main-1 is not reached from here"))
        try await browser.click("#question-act")
        try await browser.wait(for: "document.getElementById('question-refusal').checkVisibility()")
        let refusal = try await browser.text("#question-refusal")
        #expect(refusal.contains("main-1"))
        try await browser.press(Browser.escape)
        try await browser.picture("4 machines while the Backup is active")
        try await browser.click(".navigation a[href='#status']")
    }

    @Test("A client that reaches no hub says so, and keeps an edit until one is back")
    func noHub() async throws {
        try await PanelSite.with { panel in
            try await Browser.with { browser in
                try await browser.open("\(panel.client)#delays")
                try await browser.waitForChip("Backup is idle")
                for server in [panel.site.backup, panel.site.main] { _ = try await panel.kill(server) }
                try await browser.wait(
                    for: "document.getElementById('chip-text').textContent === 'No connection to the other machines'")
                let warning = try await browser.text("#connection")
                #expect(warning.contains("cam-1 reaches no hub of the site"))
                try await browser.type("video", into: "#delays [name=path]")
                try await browser.type("40 ms", into: "#delays [name=text]")
                try await browser.press(Browser.enter)
                try await browser.wait(
                    for: "document.querySelector('#delays .adding').innerText.includes('Waits for a hub; not lost')")
                try await browser.picture("17 no hub is reached")
                for server in [panel.site.main, panel.site.backup] { try await panel.start(server) }
                try await browser.waitForChip("Backup is idle")
                try await browser.wait(for: "document.querySelector('#delays tbody input')?.value === '40 ms'")
                try await browser.wait(for: "document.querySelector('#delays tr[data-edit=saved]')")
            }
        }
    }

    @Test("A server's own panel says that it lost its server, and goes on with it when it is back")
    func ownServer() async throws {
        try await PanelSite.with { panel in
            try await Browser.with { browser in
                try await browser.narrow()
                try await browser.open(panel.main)
                try await browser.waitForChip("Backup is idle")
                try await browser.run("window.isTheSamePage = true")
                try await browser.picture("5 on a telephone")
                _ = try await panel.kill(panel.site.main)
                try await browser.wait(for: "document.body.dataset.standing === 'lost'")
                let warning = try await browser.text("#connection")
                #expect(warning.contains("The connection to main-1 is lost"))
                try await browser.picture("6 the panel's own server was killed")
                try await panel.start(panel.site.main)
                try await browser.waitForChip("Backup is idle")
                #expect(try await browser.value("document.getElementById('connection').hidden", as: Bool.self))
                #expect(try await browser.value("window.isTheSamePage === true", as: Bool.self))
                try await browser.click(".navigation a[href='#machines']")
                try await browser.picture("7 machines on a telephone")
                try await browser.click(".navigation a[href='#status']")
                try await browser.run("document.getElementById('drill').scrollIntoView({ block: 'center' })")
                try await browser.picture("46 by hand on a telephone")
                let isTooWide = try await browser.value(
                    "document.documentElement.scrollWidth > document.documentElement.clientWidth", as: Bool.self)
                #expect(!isTooWide)
            }
        }
    }
}
