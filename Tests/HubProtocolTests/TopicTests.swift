import FailoverCore
import Testing

@testable import HubProtocol

@Suite("Topics")
struct TopicTests {
    static let machine = MachineName("cam-1")!

    static let publisher = Publisher(machine: machine, session: "run")!

    @Test("What each hub says for itself is not copied", arguments: ["hub/active", "machines/x/status", "$SYS/uptime"])
    func isNotCopied(_ name: String) { #expect(!Topic.isCopied(name)) }

    @Test("All the rest is", arguments: ["show/cam-1/x", "hubs", "hubs/x", "cues", "/hub/x"])
    func isCopied(_ name: String) { #expect(Topic.isCopied(name)) }

    @Test(arguments: [
        Topic.hubActive, .hubConflicts, .replication(machine), .resume(publisher), .confirmation(publisher), .hubState,
        .hubPair, .hubHistory, .hubServer, .hubFiles, .hubKeys, .hubShows, .machine(machine, .status),
        .machine(machine, .heartbeat), .machine(machine, .links), .machine(machine, .switch),
        .electionHeartbeat(machine), .electionWill(machine), .electionVote(candidate: machine, witness: machine),
    ])
    func parsesWhatItBuilds(_ topic: Topic) { #expect(Topic(name: topic.name) == topic) }

    @Test(arguments: [
        "", "/", "hub", "hub/", "hub/active/x", "hub/nothing", "machines/cam-1", "machines/a b/status",
        "machines//status", "machines/cam-1/nothing", "machines/\(String(repeating: "x", count: 65))/status",
        "election/cam-1", "replication/cam-1/x", "resume/cam-1", "resume/cam-1/a b", "confirmations/cam-1/x/y",
        "election/cam-1/vote", "show/cam-1/x",
    ])
    func ignoresOthers(_ name: String) { #expect(Topic(name: name) == nil) }
}
