import Foundation
import LocalSite
import Testing

/// Where there is no Avahi. That servers are found is tried in NetworkTests.
@Suite("Discover without Avahi", .timeLimit(.minutes(1)))
struct DiscoverCommandTests {
    /// Nobody answers there.
    private static let noBus = "unix:path=/nonexistent/bus"

    @Test("A sentence that names Avahi and the way without it, and exit code 1", arguments: [[], ["--json"]])
    func notRunning(_ options: [String]) async throws {
        let outcome = try await Understudy.run(
            ["discover"] + options, environment: ["DBUS_SYSTEM_BUS_ADDRESS": Self.noBus])
        #expect(outcome.code == 1 && outcome.output.isEmpty)
        #expect(outcome.error.contains("Avahi does not run here") && outcome.error.contains("addresses"), "\(outcome)")
    }

    @Test("Nor are its tools installed")
    func toolMissing() async throws {
        try await Understudy.withFolder { folder in
            for tool in ["env", "setpriv"] {
                try FileManager.default.createSymbolicLink(
                    atPath: "\(folder)/\(tool)", withDestinationPath: "/usr/bin/\(tool)")
            }
            let outcome = try await Understudy.run(["discover"], environment: ["PATH": folder])
            #expect(outcome.code == 1 && outcome.error.contains("avahi-browse is not installed"), "\(outcome)")
        }
    }

    @Test("A server says so in one line, and works")
    func server() async throws {
        try await Understudy.withFolder { folder in
            let ports = FreePorts.take(2)
            let process = try await MachineProcess(
                "main-1", program: "env",
                arguments: [
                    "DBUS_SYSTEM_BUS_ADDRESS=\(Self.noBus)", Understudy.program, "server", "--role", "main", "--name",
                    "main-1", "--listen", "0.0.0.0", "--insecure", "--port", "\(ports[0])", "--control-port",
                    "\(ports[1])", "--data", folder + "/data",
                ])
            let watch = await SiteWatch(hubs: [.tcp(host: "127.0.0.1", port: ports[0])])
            // It announces itself a second after it has started, and tries again a second after that.
            try await watch.wait(for: "Main acts, for some seconds") { view in
                view.machines.values.contains { $0.heartbeat?.sequence ?? 0 >= 5 }
            }
            await watch.stop()
            #expect(process.lines.count { $0.contains("Avahi") } == 1, "\(process.lines)")
            #expect(try await process.stop() == .exited(code: 0))
        }
    }
}
