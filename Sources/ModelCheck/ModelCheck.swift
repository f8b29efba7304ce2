import ArgumentParser
import FailoverCore
import Foundation

/// Searches all that can happen to a site within bounds, on the product's own election code.
@main
struct ModelCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Visit every state of a site within bounds, and check that no two hubs act and that it finds back.",
        discussion: "Prints the number of states; on a violation the shortest trace, and exits 1.")

    @Option(help: "Clients: none, one or three vote, of two one.")
    var witnesses = 1
    @Option(help: "Heartbeats that the search lasts.")
    var ticks = 6
    @Option(help: "Faults of all kinds together.")
    var faults = 2
    @Option(help: "Heartbeats within which they begin; they may end at any time.")
    var faultTicks = Int.max
    @Option(
        parsing: .upToNextOption,
        help:
            "What may go wrong: \(FaultKind.allCases.map(\.rawValue).joined(separator: ", ")). Default: all but force.")
    var kinds = FaultKind.allCases.filter { $0 != .force }
    @Option(help: "Recovery is tried from one state of this many.")
    var recoverEvery = 10

    @Option(help: "The search ends after so many states, finished or not.")
    var atMost = Int.max

    func run() throws {
        let bounds = Bounds(
            witnesses: witnesses, ticks: ticks, faults: faults, faultTicks: faultTicks, kinds: Set(kinds))
        let steps = Steps(bounds: bounds)
        let began = ContinuousClock.now
        let outcome = Search(steps: steps, recoverEvery: recoverEvery, mostStates: atMost).run(
            from: SiteState.paired(steps)
        ) {
            FileHandle.standardError.write(Data("\($0) states…\n".utf8))
        }
        say(
            "\(outcome.states) states, \(outcome.recoveries) recoveries tried, with \(witnesses) witnesses, \(ticks) heartbeats, "
                + "\(faults) faults (\(kinds.map(\.rawValue).joined(separator: ", "))), in \(began.duration(to: .now))")
        guard let violation = outcome.violation else {
            say(outcome.isFinished ? "no violation" : "no violation so far; the search did not finish")
            return
        }
        show(violation)
        throw ExitCode.failure
    }

    private func show(_ violation: Search.Violation) {
        say("VIOLATION  \(violation.sentence)")
        for (number, action) in violation.trace.enumerated() { say("  \(number + 1). \(action)") }
    }
}

extension FaultKind: ExpressibleByArgument {}

/// Unbuffered, so that a search that is ended has shown what it found.
private func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

extension SiteState {
    /// A site that was set up and left alone until its pair was ready, with each node the first to take what arrives.
    static func paired(_ steps: Steps) -> [SiteState] {
        let nodes = Node.servers + steps.witnessNodes
        return nodes.indices.map { paired(steps, order: Array(nodes[$0...] + nodes[..<$0])) }
    }

    private static func paired(_ steps: Steps, order: [Node]) -> SiteState {
        var state = SiteState()
        state.order = order
        let now = Steps.moment(state).monotonic
        state.voters = (0..<steps.bounds.witnesses).map {
            .init(core: Witness(identity: Steps.identity($0), ballot: nil, timing: Steps.timing, at: now))
        }
        for node in Node.servers { steps.start(node, &state) }
        precondition(Recovery(steps: steps).failure(from: &state) == nil, "the site does not come up")
        state.faults = 0
        state.firstTick = state.ticks
        state.lastTick = state.ticks + steps.bounds.ticks
        return state
    }
}
