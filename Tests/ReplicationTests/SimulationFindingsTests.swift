import FailoverCore
import HubProtocol
import Testing

@testable import Replication

/// What whole simulated sites found, as small as it can be.
@Suite("Findings of the simulation")
struct SimulationFindingsTests {
    private var pair = TwoReplicators()

    @Test("I4: what was under way when the way broke is given to the other hub's readers, in order")
    mutating func noGap() {
        pair.openBoth()
        pair.isOpen = false
        pair.publish("event", "cam-1/run/1", retain: false, at: 0)
        pair.handle(.peerClosed, at: 0)
        pair.publish("event", "cam-1/run/2", retain: false, at: 0)
        pair.isOpen = true
        pair.handle(.peerOpened(stream: 11), at: 0)
        #expect(pair.news[1].map { $0.message.sequence } == [1, 2])
        // And not again.
        pair.handle(.peerClosed, at: 0)
        pair.handle(.peerOpened(stream: 12), at: 0)
        #expect(pair.news[1].count == 2)
    }

    @Test("Rule 8: while the way to the other server brings nothing, what is published is confirmed alone")
    mutating func stalledWay() {
        pair.openBoth()
        pair.handle(.standing(confirmsAlone: true, Epoch(5), isHolder: true), at: 0)
        pair.isOpen = false
        pair.handle(.mark(session: "run-1"), at: 0)
        pair.publish("a", "cam-1/run/1", retain: true, at: 0)
        #expect(pair.confirmed[0] == 1 && pair.copied.isEmpty)
    }

    @Test("Rule 8: the answer to a mark that was lost with the way back is given on the next one")
    mutating func lostAnswer() {
        pair.openBoth()
        pair.handle(.peerClosed, at: 1)
        pair.handle(.mark(session: "run-1"), at: 0)
        #expect(pair.copied.isEmpty)
        pair.handle(.peerOpened(stream: 21), at: 1)
        #expect(pair.copied == ["run-1"])
    }

    @Test("I3: a request to resume that was long under way does not turn the other hub's messages away")
    mutating func lateResume() {
        pair.openBoth()
        let author = MessageIdentity("cam-1/run/1")!.publisher
        for side in 0...1 { pair.handle(.standing(confirmsAlone: false, Epoch(5), isHolder: side == 1), at: side) }
        pair.handle(.resumes(author, token: "new", in: Epoch(5)), at: 1)
        pair.handle(.resumes(author, token: "old", in: Epoch(4)), at: 0)
        pair.publish("a", "cam-1/run/1", retain: true, at: 1)
        #expect(pair.news[0].count == 1)
    }

    @Test("I3: what the other hub refuses, since its author has moved there, is not confirmed")
    mutating func refused() {
        pair.openBoth()
        let author = MessageIdentity("cam-1/run/1")!.publisher
        for side in 0...1 { pair.handle(.standing(confirmsAlone: false, Epoch(5), isHolder: side == 1), at: side) }
        pair.handle(.resumes(author, token: "", in: Epoch(5)), at: 1)
        pair.confirmed = [0, 0]
        pair.publish("a", "cam-1/run/1", retain: true, at: 0)
        #expect(pair.news[1].isEmpty)
        pair.confirmTaken(at: 0)
        #expect(pair.confirmed == [0, 0])
    }
}
