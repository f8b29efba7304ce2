import FailoverCore
import Foundation
import HubClient
import LocalSite
import Testing

/// The show file: saved, loaded and taken away on a page, by clicking as a person would.
@Suite("Panel: show file", .serialized, .timeLimit(.minutes(3)))
struct PanelShowFileTests {
    /// Hebrew is written from right to left.
    private static let show = "Friday שישי & more"
    private static let saved = "#show-file [data-shows=saved] tbody tr"
    private static let backups = "#show-file [data-shows=backups] tbody tr"

    @Test("Saved, loaded, saved over: another panel shows the values at once; what is no name is refused")
    func saveAndLoad() async throws {
        // An automatic backup about each second, where the show has changed.
        try await PanelSite.with(main: ["--show-backup-interval", "0.02"]) { panel in
            let program = await HubConnection(name: PanelSite.clients[1], hubs: panel.site.hubs)
            let setDelay = { (delay: Int) in
                try await program.publish("show/gfx-1/delays/video", Array("\(delay) ms".utf8))
            }
            try await setDelay(40)
            try await Browser.with { one in
                try await Browser.with { other in
                    try await one.open("\(panel.main)#show-file")
                    try await other.open("\(panel.client)#delays")
                    try await other.wait(for: Self.showsDelay(40))
                    try await one.waitForChip("Backup is idle")
                    try await refusals(one)
                    try await one.type(Self.show, into: "#save-show input")
                    try await one.press(Browser.enter)
                    try await one.wait(for: "document.querySelector('\(Self.saved) .present-show')?.checkVisibility()")
                    let row = try await one.text(Self.saved)
                    #expect(row.contains(Self.show) && row.contains("main-1"), "\(row)")

                    try await setDelay(60)
                    try await other.wait(for: Self.showsDelay(60))
                    // By itself.
                    try await one.wait(
                        for:
                            "[...document.querySelectorAll('\(Self.backups)')].some(row => row.innerText.includes('Main itself'))"
                    )
                    try await one.picture("31 show files")
                    try await load(one)
                    try await other.wait(for: Self.showsDelay(40))

                    try await setDelay(80)
                    try await saveOver(one)
                    try await others(one, panel)
                    try await one.narrow()
                    try await one.picture("34 show files on a telephone")
                    let isTooWide = try await one.value(
                        "document.documentElement.scrollWidth > document.documentElement.clientWidth", as: Bool.self)
                    #expect(!isTooWide)
                }
                // Nothing but what was refused on purpose.
                let complaints = try await one.complaints()
                #expect(complaints.allSatisfy { $0.contains("/show/") && $0.contains("400") }, "\(complaints)")
            }
            await program.close()
        }
    }

    private static func showsDelay(_ delay: Int) -> String {
        "document.querySelector('#delays tbody input')?.value === '\(delay) ms'"
    }

    private func refusals(_ browser: Browser) async throws {
        let script = "<img src=x onerror='window.isBroken=1'>"
        for name in ["", ".", "..", "../x", script, "a\u{202E}b", String(repeating: "long ", count: 60)] {
            try await browser.type(name, into: "#save-show input")
            try await browser.click("#save-show button")
            try await browser.wait(for: "document.querySelector('#save-show .refusal').checkVisibility()")
            let refusal = try await browser.text("#save-show .refusal")
            #expect(refusal.contains("A show's name has 1 to 64 characters"), "\(name): \(refusal)")
            // What is typed next is judged anew.
            try await browser.type("x", into: "#save-show input")
            try await browser.wait(for: "!document.querySelector('#save-show .refusal').checkVisibility()")
        }
        #expect(try await browser.value("window.isBroken === undefined", as: Bool.self))
        try await browser.type("2026-11-23T12-00-00-000Z", into: "#save-show input")
        try await browser.click("#save-show button")
        try await browser.wait(
            for: "document.querySelector('#save-show .refusal').innerText.includes('those of automatic backups')")
    }

    private func load(_ browser: Browser) async throws {
        try await browser.click("\(Self.saved) button[aria-disabled=false]")
        let question = try await browser.text("#question")
        #expect(
            question.contains(Self.show) && question.contains("5 machines are online")
                && question.contains("by main-1, with 1 item"), "\(question)")
        #expect(try await browser.value("document.activeElement.id", as: String.self) == "question-cancel")
        try await browser.picture("32 a show is loaded")
        try await browser.click("#question-act")
        try await browser.wait(for: "!document.getElementById('question').open")
        try await browser.wait(
            for: "document.getElementById('notices').innerText.includes('1 of its items set')")
    }

    private func saveOver(_ browser: Browser) async throws {
        let saved = try await browser.value(
            "document.querySelector('\(Self.saved) [data-label=Saved]').title", as: String.self)
        // The name that the show has stands there.
        try await browser.wait(
            for: "document.querySelector('#save-show input').value === \(Browser.literal(Self.show))")
        try await browser.click("#save-show button")
        try await browser.wait(for: "document.getElementById('question').open")
        let question = try await browser.text("#question")
        #expect(
            question.contains("Save over") && question.contains("stays as an automatic backup"), "\(question)")
        try await browser.picture("33 a show is saved over")
        try await browser.press(Browser.escape)
        try await browser.wait(for: "!document.getElementById('question').open")
        try await browser.click("#save-show button")
        try await browser.click("#question-act")
        try await browser.wait(for: "!document.getElementById('question').open")
        // What was there is kept, as it was saved then.
        try await browser.wait(for: "document.querySelector('\(Self.backups) [data-label=Saved][title=\"\(saved)\"]')")
        #expect(try await browser.value("document.querySelectorAll('\(Self.saved)').length", as: Int.self) == 1)
    }

    /// What others do is seen without being asked for; what cannot be loaded says why.
    private func others(_ browser: Browser, _ panel: PanelSite) async throws {
        try await browser.run(
            "fetch('/show/Other', { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: '{}' })")
        try await browser.wait(for: "document.querySelectorAll('\(Self.saved)').length === 2")
        let folder = "\(panel.site.dataPath(of: panel.site.main.name))/shows"
        try Data("<b>no show</b>".utf8).write(to: URL(filePath: "\(folder)/Broken.show"))
        try await browser.run("fetch('/show/Broken')")
        try await browser.wait(for: "document.querySelector('#show-file [data-state=unusable] .trouble')")
        #expect(try await browser.text("#show-file [data-state=unusable]").contains("it is no show file of Understudy"))
        // It can be reached, and does nothing.
        try await browser.click("#show-file [data-state=unusable] button[aria-disabled=true]")
        #expect(try await !browser.value("document.getElementById('question').open", as: Bool.self))
        let taken = "document.querySelector('\(Self.saved)[data-state=usable] a[download]')"
        try await browser.run(
            "fetch(\(taken).href).then(answer => answer.json()).then(show => { document.body.dataset.taken = show.items.length; })"
        )
        try await browser.wait(for: "document.body.dataset.taken === '1'")
    }

    @Test("Two load at once; Main is killed and returns: the list stays, says why it is locked, and opens by itself")
    func killAndReturn() async throws {
        try await PanelSite.with { panel in
            let program = await HubConnection(name: PanelSite.clients[1], hubs: panel.site.hubs)
            try await program.publish("show/gfx-1/delays/video", Array("40 ms".utf8))
            try await Browser.with { one in
                try await Browser.with { other in
                    for browser in [one, other] {
                        try await browser.open("\(panel.main)#show-file")
                        try await browser.waitForChip("Backup is idle")
                    }
                    try await one.run("window.isTheSamePage = true")
                    try await one.type("Gala", into: "#save-show input")
                    try await one.click("#save-show button")
                    try await one.wait(for: "document.querySelector('\(Self.saved)')?.innerText.includes('Gala')")
                    try await program.publish("show/gfx-1/delays/video", Array("60 ms".utf8))
                    try await twoOperators(one, other)

                    try await other.open("\(panel.backup)#show-file")
                    try await other.wait(for: "document.querySelector('#show-elsewhere a')?.checkVisibility()")
                    let address = try await other.value(
                        "document.querySelector('#show-elsewhere a').href", as: String.self)
                    #expect(address == "\(panel.main)/#show-file")
                    try await other.picture("35 the show file on the Backup's panel")
                    // Main's list is seen through a client, too.
                    try await other.open("\(panel.client)#show-file")
                    try await other.wait(for: "document.querySelector('\(Self.saved)')?.innerText.includes('Gala')")
                    try await other.run("window.isTheSamePage = true")

                    _ = try await panel.kill(panel.site.main)
                    try await one.wait(
                        for: "document.getElementById('show-lock').innerText.includes('main-1 does not answer')")
                    try await one.wait(for: "document.querySelector('\(Self.saved) button').ariaDisabled === 'true'")
                    #expect(try await one.text(Self.saved).contains("Gala"))
                    #expect(
                        try await one.value("document.querySelector('#save-show button').ariaDisabled", as: String.self)
                            == "true")
                    try await one.picture("36 the show file while Main is away")
                    try await other.wait(
                        for: "document.getElementById('show-lock').innerText.includes('Backup is active: show files')")
                    try await other.wait(
                        for: "document.getElementById('show-lock').innerText.includes('What you see is from')")
                    #expect(try await other.text(Self.saved).contains("Gala"))
                    try await other.picture("39 the show file on a client while Main is away")
                    try await panel.start(panel.site.main)
                    try await one.waitForChip("Backup is idle")
                    try await one.wait(for: "!document.getElementById('show-lock').checkVisibility()")
                    try await one.wait(for: "document.querySelector('\(Self.saved) button').ariaDisabled === 'false'")
                    try await other.wait(for: "document.querySelector('\(Self.saved) button').ariaDisabled === 'false'")
                    for browser in [one, other] {
                        #expect(try await browser.value("window.isTheSamePage === true", as: Bool.self))
                    }
                    try await lockedWhileBackupIsActive(one, other, panel)
                    // What comes with the loss of a server, and one refusal.
                    let complaints = try await one.complaints()
                    #expect(
                        complaints.allSatisfy { $0.contains("ERR_") || $0.contains("503") || $0.contains("409") },
                        "\(complaints)")
                }
            }
            await program.close()
        }
    }

    private func twoOperators(_ one: Browser, _ other: Browser) async throws {
        for browser in [one, other] {
            try await browser.wait(for: "document.querySelector('\(Self.saved)')?.innerText.includes('Gala')")
            try await browser.click("\(Self.saved) button[aria-disabled=false]")
        }
        async let first: Void = one.click("#question-act")
        async let second: Void = other.click("#question-act")
        _ = try await (first, second)
        var outcomes: [String] = []
        for browser in [one, other] {
            outcomes.append(try await browser.outcomeOfQuestion())
        }
        #expect(outcomes.contains { $0.contains("1 of its items set") }, "\(outcomes)")
        #expect(
            outcomes.contains { $0.contains("is being carried out") || $0.contains("Nothing changed") }, "\(outcomes)")
    }

    /// Main is there, and others act on the Backup's panel.
    private func lockedWhileBackupIsActive(_ one: Browser, _ other: Browser, _ panel: PanelSite) async throws {
        try await one.click(".navigation a[href='#status']")
        try await one.click("#switch-by-hand[aria-disabled=false]")
        try await one.click("#question-act")
        try await one.waitForChip("Backup is active")
        try await one.run("window.scrollTo(0, 0)")
        try await one.click(".navigation a[href='#show-file']")
        try await one.wait(
            for: "document.getElementById('show-lock').innerText.includes('Backup is active: show files')")
        #expect(try await one.text(Self.saved).contains("Gala"))
        try await one.click("\(Self.saved) button[aria-disabled=true]")
        #expect(try await !one.value("document.getElementById('question').open", as: Bool.self))
        try await one.picture("37 show files are locked")
        try await other.wait(for: "document.getElementById('show-lock').checkVisibility()")
        try await other.run("window.scrollTo(0, 0)")
        try await other.click(".navigation a[href='#status']")
        try await other.click("#switch-by-hand[aria-disabled=false]")
        try await other.click("#question-act")
        try await one.wait(for: "document.querySelector('\(Self.saved) button').ariaDisabled === 'false'")
    }

    @Test(
        "With permission 2 shows are saved and not loaded, with 1 not seen, and the page says why", arguments: [1, 2])
    func permission(level: Int) async throws {
        try await PanelSite.with(permission: level) { panel in
            try await Browser.with { browser in
                try await browser.open("\(panel.client)#show-file")
                try await browser.waitForChip("Backup is idle")
                guard level == 2 else {
                    #expect(
                        try await browser.text("#show-file").contains(
                            "To see show files takes permission 2, and cam-1 has 1."))
                    #expect(
                        try await !browser.value(
                            "document.getElementById('save-show').checkVisibility()", as: Bool.self))
                    return
                }
                try await browser.type("Gala", into: "#save-show input")
                try await browser.press(Browser.enter)
                try await browser.wait(for: "document.querySelector('\(Self.saved)')?.innerText.includes('cam-1')")
                try await browser.click("\(Self.saved) button[aria-disabled=true]")
                #expect(try await !browser.value("document.getElementById('question').open", as: Bool.self))
                let reason = try await browser.value(
                    "document.getElementById(document.querySelector('\(Self.saved) button').getAttribute('aria-describedby')).innerText",
                    as: String.self)
                #expect(reason.contains("To load a show takes permission 3, and cam-1 has 2."))
                try await browser.picture("38 show files with permission 2")
                try await browser.click(".navigation a[href='#status']")
                #expect(try await browser.text("#switch-against") == "This takes permission 3, and cam-1 has 2.")
                let complaints = try await browser.complaints()
                #expect(complaints.isEmpty)
            }
        }
    }
}
