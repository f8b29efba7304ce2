import FailoverCore
import Foundation
import Glibc
import LocalSite
import MQTTSession
import Synchronization
import Testing

/// Who goes before the rest of its machine, and when, as the kernel has it (sched(7)).
@Suite("Real-time priority", .serialized, .timeLimit(.minutes(2)))
struct PriorityTests {
    private static let client = MachineName("cam-1")!

    /// Whether the kernel lets this program have it, and so the site that it starts.
    private static let isAllowed: Bool = {
        guard RealTimePriority.machine.give(to: 0) else { return false }
        RealTimePriority.take(from: 0)
        return true
    }()

    /// The highest real-time priority of any thread of this process; `nil`: none has one.
    private static func priority(of process: Int32) -> Int32? {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        return threads.compactMap(Int32.init).compactMap { thread in
            guard sched_getscheduler(thread) & SCHED_RR != 0 else { return nil }
            var parameters = sched_param()
            return sched_getparam(thread, &parameters) == 0 ? parameters.sched_priority : nil
        }.max()
    }

    private static func controlBroker(of server: MachineProcess) throws -> Int32 {
        let hub = try #require(server.hubBroker)
        return try #require(server.tree.children(named: "mosquitto").first { $0 != hub })
    }

    /// Nothing tells when a thread's priority changes, so this looks again and again.
    private func untilNone(_ process: Int32) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while Self.priority(of: process) != nil {
            try #require(.now < deadline, "process \(process) keeps its priority")
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func withSite(program: String? = nil, _ body: (LocalSite) async throws -> Void) async throws {
        let site = try await LocalSite(program: program, returnDelay: 0.3)
        do {
            try await site.startAll(clients: [Self.client])
            try await body(site)
        } catch {
            await site.end()
            throw error
        }
        await site.end()
    }

    @Test(
        "A client and a control broker always have it; a server and its hub only while there is a switch",
        .enabled(if: isAllowed, "needs CAP_SYS_NICE"))
    func duringASwitch() async throws {
        try await withSite { site in
            let main = try #require(await site.process(of: site.main.name))
            let backup = try #require(await site.process(of: site.backup.name))
            let client = try #require(await site.process(of: Self.client))
            let hub = try #require(backup.hubBroker)
            for server in [main, backup] {
                #expect(
                    Self.priority(of: try Self.controlBroker(of: server)) == RealTimePriority.controlBroker.rawValue)
                for process in [server.process, try #require(server.hubBroker)] { try await untilNone(process) }
            }
            #expect(Self.priority(of: client.process) == RealTimePriority.machine.rawValue)

            let highest = Mutex<[Int32: Int32]>([:])
            let looking = Task {
                while !Task.isCancelled {
                    for process in [backup.process, hub] {
                        guard let found = Self.priority(of: process) else { continue }
                        highest.withLock { $0[process] = max($0[process] ?? 0, found) }
                    }
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
            try await main.kill()
            try await site.waitForBackup([Self.client])
            for process in [backup.process, hub] { try await untilNone(process) }
            looking.cancel()
            let found = highest.withLock { $0 }
            #expect(
                found == [backup.process: RealTimePriority.server.rawValue, hub: RealTimePriority.machine.rawValue])
            #expect(Self.priority(of: client.process) == RealTimePriority.machine.rawValue)
        }
    }

    @Test(
        "Where the kernel does not allow it, one line says so, and all works the same",
        .enabled(if: geteuid() == 0, "takes a right away from the machines, which needs root"))
    func withoutTheRight() async throws {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") as NSString
        let program = FileManager.default.temporaryDirectory.appending(path: "understudy-\(UUID().uuidString)")
        let script = """
            #!/bin/sh
            exec setpriv --bounding-set=-sys_nice "\(own.deletingLastPathComponent)/understudy" "$@"
            """
        try Data(script.utf8).write(to: program)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: program.path(percentEncoded: false))
        defer { try? FileManager.default.removeItem(at: program) }
        try await withSite(program: program.path(percentEncoded: false)) { site in
            for name in [site.main.name, site.backup.name, Self.client] {
                let machine = try #require(await site.process(of: name))
                #expect(machine.lines.count { $0.contains("CAP_SYS_NICE") } == 1, "\(name): \(machine.lines)")
                for process in machine.tree.members { #expect(Self.priority(of: process) == nil) }
            }
            try await #require(site.process(of: site.main.name)).kill()
            try await site.waitForBackup([Self.client])
            try await site.start(site.main)
            try await site.waitForHome([Self.client])
        }
    }
}
