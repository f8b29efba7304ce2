import ArgumentParser
import FailoverCore
import Foundation
import HubClient
import HubProtocol
import LocalSite
import MQTTSession
import UnixSignals

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Show a whole site on this machine: Main is killed, the Backup takes over, Main returns.",
        discussion: """
            Starts a Main server, a Backup server and three clients as real processes on loopback, on free ports (1883 if \
            it is free), with a temporary data folder. Nothing is left behind, also after Ctrl-C.
            """)

    @Flag(help: "Go on by itself, and exit 0 only if everything that it promised happened.")
    var auto = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        // Before there is anything that would be left behind.
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let site = try await LocalSite(
            program: FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"), returnDelay: 2,
            preferringPort: Endpoint.defaultPort, hasPanels: true)
        let terminal = Terminal()
        let keyboard = auto || !terminal.isInteractive ? nil : Keyboard()
        let story = DemoStory(site: site, terminal: terminal, keyboard: keyboard)
        do {
            try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    try await story.tell()
                    return true
                }
                group.addTask {
                    for await _ in signals { return false }
                    return true
                }
                defer { group.cancelAll() }
                if try await group.next() == false, auto {
                    terminal.line("\nEnded before everything that was promised had happened.")
                    throw ExitCode(ExitStatus.failed.rawValue)
                }
            }
        } catch {
            keyboard?.restore()
            await site.end()
            throw error
        }
        keyboard?.restore()
        await site.end()
    }
}

/// What the demo promises, step by step. Each step throws when it does not happen.
private struct DemoStory: Sendable {
    let site: LocalSite
    let terminal: Terminal
    let keyboard: Keyboard?

    private static let clients = ["cam-1", "gfx-1", "audio-1"].map { MachineName($0)! }

    func tell() async throws {
        let (main, backup) = (site.main, site.backup)
        terminal.line(
            "Main server \(main.name) at \(main.endpoint), Backup server \(backup.name) at \(backup.endpoint).")
        terminal.line("Look on from another terminal: understudy status --watch --hub \(main.endpoint)\n")
        try await site.startAll(clients: Self.clients)
        if let panel = await site.panel(of: Self.clients[0]) {
            terminal.line("The panel, which stays up when Main falls: \(panel), served by \(Self.clients[0])\n")
        }
        try await report("everyone follows \(main.name)")

        try await pause("kill Main")
        guard let process = await site.process(of: main.name) else { return }
        terminal.line("\nKilling Main: SIGKILL to the server and both of its brokers.")
        let killed = ContinuousClock.now
        async let followed = site.waitForBackup(Self.clients)
        try await process.kill()
        let span = try await followed - killed
        try await report(
            "everyone follows \(backup.name), \(Self.text(span)) after the kill; as each client measured it:")
        try await tellSwitches()

        try await pause("start Main again")
        terminal.line("\nStarting Main again. It stays healthy for two seconds, then everyone goes home.")
        try await site.start(main)
        try await site.waitForHome(Self.clients)
        try await report("everyone follows \(main.name) again; as each client measured it:")
        try await tellSwitches()
        terminal.line("\nEverything that was promised happened.")
    }

    private func report(_ text: String) async throws {
        guard let state = await site.watch.view.authority?.state else { return }
        terminal.line("\(terminal.paint("✓ \(state.chip)", .green)): \(text)")
    }

    private func tellSwitches() async throws {
        try await site.waitForSwitches(of: Self.clients)
        let machines = await site.watch.view.machines
        for client in Self.clients {
            guard let change = machines[client]?.lastSwitch else { continue }
            terminal.line(
                "    \(client): \(change.from) to \(change.to), \(change.outageMs) ms (\(change.reason.rawValue))")
        }
    }

    /// With a keyboard, shows the site live until a key is pressed.
    private func pause(_ action: String) async throws {
        guard let keyboard else { return }
        terminal.write("\u{1B}[?1049h")
        defer { terminal.write("\u{1B}[?1049l") }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await view in SiteObserver.views(of: [site.main.endpoint, site.backup.endpoint]) {
                    guard let status = SiteStatus(view), let machines = MachineList(view) else { continue }
                    terminal.redraw(
                        status.picture(view, terminal) + "\n\n" + machines.picture(terminal, withHeartbeats: true)
                            + "\n\n"
                            + terminal.paint("Press a key to \(action). Ctrl-C ends.", .bold) + "\n")
                }
            }
            group.addTask { await keyboard.key() }
            defer { group.cancelAll() }
            try await group.next()
        }
        try Task.checkCancellation()
    }

    private static func text(_ span: Duration) -> String { "\((span.inMilliseconds * 10).rounded() / 10) ms" }
}
