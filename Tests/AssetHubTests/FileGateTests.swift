import FailoverCore
import Synchronization
import Testing

@testable import AssetHub

@Suite("The gate of the files")
struct FileGateTests {
    private final class Clock: Sendable {
        private let time = Mutex(MonotonicTime(nanoseconds: 0))

        var now: MonotonicTime { time.withLock { $0 } }

        func pass(_ span: Duration) { time.withLock { $0 = $0 + span } }
    }

    private let clock = Clock()
    private let gate: FileGate

    init() { gate = FileGate { [clock] in clock.now } }

    private func open(for span: Duration, reason: String = "the lease has ended") {
        gate.move(openUntil: clock.now + span, epoch: Epoch(8), reason: reason)
    }

    @Test("It is closed until somebody opens it, and says why")
    func closed() {
        #expect(throws: FileGate.Locked.self) { try gate.enter() }
        gate.move(openUntil: nil, epoch: Epoch(7), reason: "Backup is active")
        #expect(throws: FileGate.Locked(epoch: Epoch(7), reason: "Backup is active")) { try gate.enter() }
    }

    @Test("It closes with the lease, also when nobody moves it")
    func lease() throws {
        open(for: .milliseconds(125))
        let pass = try gate.enter()
        clock.pass(.milliseconds(124))
        try gate.check(pass)
        clock.pass(.milliseconds(1))
        #expect(throws: FileGate.Locked(epoch: Epoch(8), reason: "the lease has ended")) { try gate.check(pass) }
        #expect(throws: FileGate.Locked.self) { try gate.enter() }
    }

    @Test("A lease that is renewed in time lets what is under way go on")
    func renewal() throws {
        open(for: .milliseconds(125))
        let pass = try gate.enter()
        for _ in 0..<100 {
            clock.pass(.milliseconds(25))
            open(for: .milliseconds(125))
            try gate.check(pass)
        }
    }

    @Test("What began before it was closed does not count when it is open again", arguments: [false, true])
    func tenure(saysSo: Bool) throws {
        open(for: .milliseconds(125))
        let pass = try gate.enter()
        // Told, or the lease ran out while nobody was there to tell.
        if saysSo { gate.move(openUntil: nil, epoch: Epoch(9), reason: "Backup is active") }
        clock.pass(.milliseconds(200))
        open(for: .milliseconds(125))
        #expect(throws: FileGate.Locked.self) { try gate.check(pass) }
        try gate.check(gate.enter())
    }
}
