import ChildProcess
import Foundation
import LocalSite
import Subprocess

/// A real Chromium without a window, driven as a person would use it (https://www.w3.org/TR/webdriver2/).
final class Browser: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let driver: Task<Void, Never>
    private let session: URL

    private init(driver: Task<Void, Never>, session: URL) {
        self.driver = driver
        self.session = session
    }

    /// Runs `body` with a new browser, and leaves nothing behind.
    static func with(width: Int = 1280, height: Int = 900, _ body: (Browser) async throws -> Void) async throws {
        let browser = try await start(width: width, height: height)
        do {
            try await body(browser)
        } catch {
            await browser.end()
            throw error
        }
        await browser.end()
    }

    private static func start(width: Int, height: Int) async throws -> Browser {
        let port = FreePorts.take(1)[0]
        let (started, continuation) = AsyncStream.makeStream(of: Void.self)
        let driver = Task {
            _ = try? await ChildProcess("/usr/bin/chromedriver", arguments: ["--port=\(port)"])
                .run(reading: .everything) { if $0.contains("started successfully") { continuation.yield() } }
            continuation.finish()
        }
        guard await started.first(where: { _ in true }) != nil else {
            throw Failure(
                description: "chromedriver did not start. Install it: apt-get install chromium chromium-driver")
        }
        let base = URL(string: "http://127.0.0.1:\(port)/session")!
        // Chromium's own sandbox does not work for root.
        let arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--window-size=\(width),\(height)", "--lang=en-GB",
        ]
        let capabilities: [String: Any] = [
            "browserName": "chrome", "timeouts": ["script": 40_000],
            "goog:chromeOptions": ["args": arguments], "goog:loggingPrefs": ["browser": "ALL"],
        ]
        let answer = try await call("POST", base, ["capabilities": ["alwaysMatch": capabilities]]) as? [String: Any]
        guard let identifier = answer?["sessionId"] as? String else {
            driver.cancel()
            throw Failure(description: "no browser session: \(answer ?? [:])")
        }
        return Browser(driver: driver, session: base.appending(path: identifier))
    }

    private func end() async {
        _ = try? await Self.call("DELETE", session)
        driver.cancel()
        await driver.value
    }

    // MARK: - As a person

    func open(_ address: String) async throws {
        _ = try await Self.call("POST", session.appending(path: "url"), ["url": address])
    }

    /// Clicks on what a person sees there: it fails where something else lies above it.
    func click(_ selector: String) async throws {
        try await wait(for: "document.querySelector(\(Self.literal(selector)))?.checkVisibility()")
        _ = try await Self.call("POST", try await element(selector).appending(path: "click"), [:])
    }

    /// In the place of what stands there.
    func type(_ text: String, into selector: String) async throws {
        // Over what stands there: a field that is emptied first would be a change of its own.
        let typed = text.isEmpty ? Self.delete : text
        _ = try await Self.call(
            "POST", try await element(selector).appending(path: "value"), ["text": Self.selectAll + typed])
    }

    /// Chooses files of this machine, as in the dialog that a browser has for that.
    func choose(_ files: [String], in selector: String) async throws {
        _ = try await Self.call(
            "POST", try await element(selector).appending(path: "value"), ["text": files.joined(separator: "\n")])
    }

    /// Drops files with these names on the page, each of which holds its name.
    func drop(_ names: [String], on selector: String) async throws {
        let literals = names.map(Self.literal).joined(separator: ", ")
        try await run(
            """
            const transfer = new DataTransfer();
            for (const name of [\(literals)]) transfer.items.add(new File([name], name));
            const event = type => new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: transfer });
            for (const type of ["dragenter", "dragover", "drop"]) document.querySelector(\(Self.literal(selector))).dispatchEvent(event(type));
            """)
    }

    /// Drops files and folders of this machine in the middle of the page, as from a file manager.
    func drop(paths: [String]) async throws {
        for type in ["dragEnter", "dragOver", "drop"] {
            _ = try await Self.call(
                "POST", session.appending(path: "goog/cdp/execute"),
                [
                    "cmd": "Input.dispatchDragEvent",
                    "params": [
                        "type": type, "x": 400, "y": 400,
                        "data": ["items": [Any](), "files": paths, "dragOperationsMask": 1] as [String: Any],
                    ] as [String: Any],
                ])
        }
    }

    /// Presses keys, wherever the focus is.
    func press(_ keys: String...) async throws {
        let actions = keys.flatMap { [["type": "keyDown", "value": $0], ["type": "keyUp", "value": $0]] }
        _ = try await Self.call(
            "POST", session.appending(path: "actions"),
            ["actions": [["type": "key", "id": "keyboard", "actions": actions]]])
    }

    private static let selectAll = "\u{E009}a\u{E000}"
    static let tab = "\u{E004}"
    static let delete = "\u{E017}"
    static let enter = "\u{E007}"
    static let escape = "\u{E00C}"

    private func element(_ selector: String) async throws -> URL {
        let answer =
            try await Self.call(
                "POST", session.appending(path: "element"), ["using": "css selector", "value": selector])
            as? [String: String]
        guard let identifier = answer?.values.first else { throw Failure(description: "no element \(selector)") }
        return session.appending(path: "element/\(identifier)")
    }

    // MARK: - What it shows

    /// The text that a person reads there.
    func text(_ selector: String) async throws -> String {
        try await Self.call("GET", try await element(selector).appending(path: "text")) as? String ?? ""
    }

    /// The value of an expression in JavaScript.
    func value<Value>(_ expression: String, as type: Value.Type = Value.self) async throws -> Value {
        let answer = try await Self.call(
            "POST", session.appending(path: "execute/sync"), ["script": "return \(expression)", "args": [Any]()])
        guard let value = answer as? Value else {
            throw Failure(description: "\(expression) is \(answer ?? "nothing")")
        }
        return value
    }

    /// Runs a script.
    func run(_ script: String) async throws {
        _ = try await Self.call(
            "POST", session.appending(path: "execute/sync"), ["script": script, "args": [Any]()])
    }

    /// Waits until an expression in JavaScript holds; it is looked at again whenever the page changes.
    ///
    /// - Returns: when that was to be seen, in milliseconds since 1970.
    @discardableResult
    func wait(for expression: String) async throws -> Double {
        let script = """
            const done = arguments[0];
            const holds = () => { try { return Boolean(\(expression)); } catch { return false; } };
            const seen = () => requestAnimationFrame(() => done(Date.now()));
            if (holds()) return seen();
            const observer = new MutationObserver(() => { if (holds()) { observer.disconnect(); seen(); } });
            observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
            """
        do {
            let answer = try await Self.call(
                "POST", session.appending(path: "execute/async"), ["script": script, "args": [Any]()])
            return answer as? Double ?? Double(answer as? Int ?? 0)
        } catch {
            let text = try? await text("body")
            throw Failure(description: "not seen: \(expression). The page says: \(text ?? "") \(error)")
        }
    }

    /// Waits until the chip says this.
    @discardableResult
    func waitForChip(_ text: String) async throws -> Double {
        try await wait(
            for:
                "document.body.dataset.standing === 'live' && document.getElementById('chip-text').textContent === \(Self.literal(text))"
        )
    }

    /// What the browser itself found fault with, such as a script that failed or was not allowed.
    func complaints() async throws -> [String] {
        let log = try await Self.call("POST", session.appending(path: "se/log"), ["type": "browser"])
        return (log as? [[String: Any]] ?? []).filter { $0["level"] as? String == "SEVERE" }
            .compactMap { $0["message"] as? String }
    }

    /// Keeps a picture in `.build/panel`, for people to look at.
    func picture(_ name: String) async throws {
        let answer = try await Self.call("GET", session.appending(path: "screenshot")) as? String
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: ".build/panel")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(base64Encoded: answer ?? "")?.write(to: folder.appending(path: "\(name).png"))
    }

    /// Opens a page in one more tab, which is then the one that is seen.
    func openTab(_ address: String) async throws {
        let tab = try await Self.call("POST", session.appending(path: "window/new"), ["type": "tab"]) as? [String: Any]
        _ = try await Self.call("POST", session.appending(path: "window"), ["handle": tab?["handle"] as? String ?? ""])
        try await open(address)
    }

    func showFirstTab() async throws {
        let handles = try await Self.call("GET", session.appending(path: "window/handles")) as? [String]
        _ = try await Self.call("POST", session.appending(path: "window"), ["handle": handles?.first ?? ""])
    }

    /// As on a telephone.
    func narrow() async throws {
        _ = try await Self.call(
            "POST", session.appending(path: "goog/cdp/execute"),
            [
                "cmd": "Emulation.setDeviceMetricsOverride",
                "params": ["width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": true],
            ])
    }

    /// A slow network: what is uploaded takes its time, and this machine stays calm.
    ///
    /// - Parameter bytes: a second, in both directions.
    func slow(to bytes: Int) async throws {
        _ = try await Self.call(
            "POST", session.appending(path: "goog/cdp/execute"),
            [
                "cmd": "Network.emulateNetworkConditions",
                "params": [
                    "offline": false, "latency": 0, "uploadThroughput": bytes, "downloadThroughput": bytes,
                ] as [String: Any],
            ])
    }

    // MARK: - The protocol

    static func literal(_ text: String) -> String {
        String(decoding: (try? JSONEncoder().encode(text)) ?? Data(), as: UTF8.self)
    }

    @discardableResult
    private static func call(_ method: String, _ url: URL, _ body: [String: Any]? = nil) async throws -> Any? {
        var arguments = ["--silent", "--show-error", "--max-time", "60", "-X", method, url.absoluteString]
        if let body {
            let data = try JSONSerialization.data(withJSONObject: body)
            arguments += ["-H", "Content-Type: application/json", "-d", String(decoding: data, as: UTF8.self)]
        }
        let outcome = try await Subprocess.run(
            .name("curl"), arguments: Arguments(arguments), output: .bytes(limit: 16 << 20), error: .string(limit: 4096)
        )
        let answer =
            try? JSONSerialization.jsonObject(with: Data(outcome.standardOutput)) as? [String: Any]
        guard let answer else {
            throw Failure(description: "\(method) \(url.lastPathComponent): no answer: \(outcome.standardError)")
        }
        if let problem = answer["value"] as? [String: Any], let name = problem["error"] as? String {
            throw Failure(description: "\(method) \(url.lastPathComponent): \(name): \(problem["message"] ?? "")")
        }
        return answer["value"]
    }
}
