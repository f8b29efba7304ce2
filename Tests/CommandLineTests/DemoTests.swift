import Foundation
import LocalSite
import Testing

@Suite("understudy demo", .serialized, .timeLimit(.minutes(2)))
struct DemoTests {
    @Test("--auto keeps every promise, exits 0, and leaves nothing behind")
    func auto() async throws {
        try await Understudy.withFolder { folder in
            let outcome = try await Understudy.run(["demo", "--auto"], environment: ["TMPDIR": folder])
            #expect(outcome.code == 0, "\(outcome.output)\(outcome.error)")
            for promise in ["Backup is idle", "Backup is active", "main-1 to backup-1", "backup-1 to main-1"] {
                #expect(outcome.output.contains(promise))
            }
            #expect(Understudy.brokersLeft(in: folder).isEmpty)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test("A signal ends it clean, at any moment", arguments: [0, 200, 600, 1500])
    func signal(afterMilliseconds delay: Int) async throws {
        try await Understudy.withFolder { folder in
            let script =
                "TMPDIR=\(folder) timeout -s TERM \(Double(delay + 100) / 1000) \(Understudy.program) demo --auto"
            let outcome = try await Understudy.run("/bin/sh", ["-c", script])
            // 124: timeout(1) had to send its signal, and the program then ended by itself.
            #expect(outcome.code == 124)
            #expect(!outcome.output.contains("Everything that was promised happened"))
            // A broker whose server was killed while it started is ended by the kernel, a moment later.
            let patience = ContinuousClock.now + .seconds(5)
            while !Understudy.brokersLeft(in: folder).isEmpty, ContinuousClock.now < patience {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(Understudy.brokersLeft(in: folder).isEmpty)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }
}
