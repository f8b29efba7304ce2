import FailoverCore
import LocalSite
import Testing

/// Status: what an operator does by hand.
@Suite("Panel: by hand", .serialized, .timeLimit(.minutes(3)))
struct PanelByHandTests {
    @Test("A switch that would leave a client behind is forced; two who return at once make one switch")
    func switches() async throws {
        try await PanelSite.with { panel in
            let writer = try await BusWriter(panel.site.main.endpoint)
            try await writer.publishLonely("lonely")
            try await Browser.with { browser in
                try await browser.open(panel.client)
                try await browser.wait(
                    for:
                        "document.querySelector('[data-check=clientsWithoutBackup]').innerText.includes('some clients do not reach')"
                )
                try await force(browser)
                try await drill(browser)
                try await twoOperators(browser, panel)
                // Nothing but the refusals that were asked for.
                let complaints = try await browser.complaints()
                #expect(
                    complaints.allSatisfy { $0.contains("api/commands/hub/switch") && $0.contains("409") },
                    "\(complaints)")
            }
            await writer.close()
        }
    }

    private func force(_ browser: Browser) async throws {
        #expect(try await browser.text("#switch-by-hand") == "Switch to backup-1…")
        try await openQuestion(browser)
        #expect(try await !browser.value("document.getElementById('question-force').checkVisibility()", as: Bool.self))
        try await browser.click("#question-act")
        try await browser.wait(for: "document.getElementById('question-force').checkVisibility()")
        let refusal = try await browser.text("#question-refusal")
        #expect(refusal.contains("one client does not reach the hub of backup-1 (lonely)"))
        try await browser.picture("41 a switch that may be forced")
        // Once more, without force, is refused once more.
        try await browser.click("#question-act")
        try await browser.wait(for: "!document.getElementById('question-act').disabled")
        #expect(try await browser.value("document.getElementById('question').open", as: Bool.self))
        try await browser.click("#question-force input")
        try await browser.click("#question-act")
        try await browser.wait(for: "!document.getElementById('question').open")
        try await browser.waitForChip("Backup is active")
        // The new hub's history has the command, not its effect only.
        try await browser.wait(
            for:
                "document.querySelector('#timeline .command[data-outcome=ok]')?.innerText.includes('cam-1 ordered hub/switch: done')"
        )
        try await browser.wait(for: "document.getElementById('switch-by-hand').innerText === 'Return to main-1…'")
        try await browser.picture("42 after a switch by hand")
    }

    /// As a person would: where the page moved under the pointer, once more.
    private func openQuestion(_ browser: Browser) async throws {
        for _ in 1...3 {
            try await browser.click("#switch-by-hand[aria-disabled=false]")
            if try await browser.value("document.getElementById('question').open", as: Bool.self) { return }
        }
    }

    /// There are none yet, and nothing pretends to be one.
    private func drill(_ browser: Browser) async throws {
        try await browser.click("#drill")
        let question = try await browser.text("#question")
        #expect(question.contains("report") && question.contains("later version of this server"), "\(question)")
        try await browser.picture("43 a drill")
        try await browser.click("#question-act[aria-disabled=true]")
        #expect(try await browser.value("document.getElementById('question').open", as: Bool.self))
        try await browser.press(Browser.escape)
        try await browser.wait(for: "!document.getElementById('question').open")
    }

    /// One at a client's panel, the other at the Backup's own.
    private func twoOperators(_ one: Browser, _ panel: PanelSite) async throws {
        var before = 0
        try await Browser.with { other in
            try await other.open(panel.backup)
            for browser in [one, other] {
                try await browser.waitForChip("Backup is active")
                try await openQuestion(browser)
                #expect(try await browser.text("#question-title") == "Switch to main-1?")
            }
            before = try await epoch(one)
            async let first: Void = one.click("#question-act")
            async let second: Void = other.click("#question-act")
            _ = try await (first, second)
            var outcomes: [String] = []
            for browser in [one, other] {
                outcomes.append(try await browser.outcomeOfQuestion(picture: "44 two operators"))
            }
            #expect(outcomes.contains { $0.contains("main-1 is active") }, "\(outcomes)")
            #expect(
                outcomes.allSatisfy { $0.contains("is being carried out") || $0.contains("main-1 is active") },
                "\(outcomes)")
            for browser in [one, other] { try await browser.waitForChip("Backup is idle") }
        }
        // One switch, in the next epoch. Others may follow, for other reasons.
        let epochs = try await one.value(
            "[...document.querySelectorAll('#timeline [data-reason=planned] .epoch')].map(epoch => epoch.textContent).join()",
            as: String.self)
        #expect(epochs.hasPrefix("epoch \(before + 1),") && epochs.split(separator: ",").count == 2, "\(epochs)")
    }

    private func epoch(_ browser: Browser) async throws -> Int {
        Int(try await browser.value("document.querySelector('#reason-details dd').textContent", as: String.self)) ?? 0
    }
}
