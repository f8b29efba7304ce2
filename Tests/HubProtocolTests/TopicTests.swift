import FailoverCore
import Testing

@testable import HubProtocol

@Suite("Topics")
struct TopicTests {
    static let machine = MachineName("cam-1")!

    @Test(arguments: [
        Topic.hubActive, .hubState, .hubPair, .hubHistory, .hubServer, .machine(machine, .status),
        .machine(machine, .heartbeat), .machine(machine, .links), .machine(machine, .switch),
        .electionHeartbeat(machine), .electionWill(machine), .electionVote(candidate: machine, witness: machine),
    ])
    func parsesWhatItBuilds(_ topic: Topic) { #expect(Topic(name: topic.name) == topic) }

    @Test(arguments: [
        "", "/", "hub", "hub/", "hub/active/x", "hub/nothing", "machines/cam-1", "machines/a b/status",
        "machines//status", "machines/cam-1/nothing", "machines/\(String(repeating: "x", count: 65))/status",
        "election/cam-1", "election/cam-1/vote", "show/cam-1/x",
    ])
    func ignoresOthers(_ name: String) { #expect(Topic(name: name) == nil) }
}
