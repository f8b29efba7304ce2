import FailoverCore
import LocalSite
import Testing

/// SETUP > Machines, by clicking as a person would.
@Suite("Panel: machines", .serialized, .timeLimit(.minutes(3)))
struct PanelMachinesTests {
    @Test("A Backup is added, switched to, switched back from by one of two operators, and removed")
    func backup() async throws {
        try await PanelSite.with(isPaired: false) { panel in
            try await Browser.with { browser in
                try await browser.open("\(panel.main)#machines")
                try await browser.waitForChip("No backup")
                try await readiness(browser)
                try await add(panel.site.backup, browser)

                try await browser.click("tr[data-role=backup] button.plain[aria-disabled=false]")
                let question = try await browser.text("#question")
                #expect(question.contains("Switch to backup-1?") && question.contains("3 clients are without a hub"))
                try await browser.picture("9 a planned switch")
                try await browser.click("#question-act")
                try await browser.wait(for: "!document.getElementById('question').open")

                // That server is passive now, and says where to go.
                try await browser.waitForChip("Backup is active")
                try await browser.wait(for: "document.querySelector('tr[data-role=backup] .against')")
                #expect(try await browser.text("tr[data-role=backup]").contains("backup-1 is active: use its panel"))
                try await twoOperators(panel)

                try await browser.waitForChip("Backup is idle")
                try await remove(browser)
                // Nothing but the refusal that was asked for.
                let complaints = try await browser.complaints()
                #expect(complaints.allSatisfy { $0.contains("api/commands/backup/add") && $0.contains("409") })
            }
        }
    }

    /// Of a second server nothing is said as long as there is none.
    private func readiness(_ browser: Browser) async throws {
        try await browser.click(".navigation a[href='#status']")
        let lines = try await browser.value(
            "[...document.querySelectorAll('#checks [data-check]')].filter(line => line.checkVisibility()).map(line => line.dataset.check).join()",
            as: String.self)
        #expect(lines == "backup")
        #expect(try await browser.text("#checks").contains("no second server stands by"))
        #expect(try await browser.text("#switch-against").contains("add a Backup server"))
        try await browser.picture("47 without a Backup")
        try await browser.run("window.scrollTo(0, 0)")
        try await browser.click(".navigation a[href='#machines']")
    }

    private func add(_ backup: LocalSite.Server, _ browser: Browser) async throws {
        try await browser.click("tr[data-role=main] button.act")
        try await browser.wait(for: "document.getElementById('add-backup').open")
        // Nothing is chosen yet, then nobody answers there.
        try await browser.click("#add-act")
        #expect(try await browser.text("#add-refusal").contains("Choose a server"))
        try await browser.type("127.0.0.1", into: "#add-address")
        try await browser.type("1", into: "#add-port")
        try await browser.click("#add-act")
        try await browser.wait(for: "document.getElementById('add-refusal').checkVisibility()")
        try await browser.picture("8 a Backup server is added")
        try await browser.type("\(backup.port)", into: "#add-port")
        try await browser.press(Browser.enter)
        try await browser.wait(for: "!document.getElementById('add-backup').open")
        try await browser.waitForChip("Backup is idle")
    }

    /// Both see the Backup active, and both want to switch back.
    private func twoOperators(_ panel: PanelSite) async throws {
        try await Browser.with { one in
            try await Browser.with { other in
                for browser in [one, other] {
                    try await browser.open("\(panel.client)#machines")
                    try await browser.waitForChip("Backup is active")
                    try await browser.click("tr[data-role=backup] button.icon[aria-disabled=false]")
                    #expect(try await browser.text("#question-title") == "Switch back to main-1?")
                }
                try await one.click("#question-act")
                try await one.wait(for: "!document.getElementById('question').open")
                try await one.waitForChip("Backup is idle")
                try await other.waitForChip("Backup is idle")
                try await other.click("#question-act")
                try await other.wait(for: "document.getElementById('question-refusal').checkVisibility()")
                try await other.picture("10 the other operator was faster")
                let refusal = try await other.text("#question-refusal")
                #expect(refusal.contains("the site has moved on"))
            }
        }
    }

    private func remove(_ browser: Browser) async throws {
        try await browser.click("tr[data-role=backup] button.icon[aria-disabled=false]")
        #expect(try await browser.text("#question-title") == "Remove backup-1?")
        // With the keyboard: what is safe has the focus.
        #expect(try await browser.value("document.activeElement.id", as: String.self) == "question-cancel")
        try await browser.press(Browser.escape)
        try await browser.wait(for: "!document.getElementById('question').open")
        try await browser.press(Browser.enter)
        try await browser.wait(for: "document.getElementById('question').open")
        try await browser.press(Browser.tab, Browser.enter)
        try await browser.wait(for: "!document.getElementById('question').open")
        try await browser.waitForChip("No backup")
        try await browser.wait(for: "document.querySelector('tr[data-role=main] button.act')")
    }

    @Test(
        "With permission 2 nothing can be added or removed, and the panel says why; with 3 it can", arguments: [2, 3])
    func permission(level: Int) async throws {
        try await PanelSite.with(permission: level) { panel in
            try await Browser.with { browser in
                try await browser.open("\(panel.client)#machines")
                try await browser.waitForChip("Backup is idle")
                try await browser.wait(
                    for: "document.querySelector('tr[data-role=backup] button.icon').ariaDisabled === '\(level < 3)'")
                try await browser.click("tr[data-role=backup] button.plain")
                guard level == 3 else {
                    #expect(
                        try await browser.text("tr[data-role=backup] .against")
                            == "This takes permission 3, and cam-1 has 2.")
                    #expect(try await browser.value("document.getElementById('question').open", as: Bool.self) == false)
                    return
                }
                try await browser.click("#question-act")
                try await browser.waitForChip("Backup is active")
                // The broker knows by its key who ordered it.
                try await browser.click(".navigation a[href='#status']")
                try await browser.wait(
                    for:
                        "document.querySelector('#timeline [data-reason=planned]')?.innerText.includes('cam-1 ordered it')"
                )
            }
        }
    }
}
