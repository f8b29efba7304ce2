import FailoverCore
import HubClient
import HubProtocol
import LocalSite
import MQTTSession
import ShowHistory

/// One fault after the other, each at a site that is whole again, so that no two servers' losses come together unless a
/// fault means them to.
struct FaultCourse {
    let care: SiteCare
    let recorder: Recorder
    let faults: [Fault]
    var random: SeededRandom

    /// Since when a second server has been lost before the site was whole.
    private var doubleLossSince: Elapsed?

    static let readyBound = Duration.seconds(60)
    /// Until every reader and writer has its session with a hub that came back.
    private static let settling = Duration.seconds(2)

    init(care: SiteCare, recorder: Recorder, faults: [Fault], random: SeededRandom) {
        (self.care, self.recorder, self.faults, self.random) = (care, recorder, faults, random)
    }

    mutating func run(until deadline: ContinuousClock.Instant) async throws {
        while ContinuousClock.now < deadline {
            let struck = await recorder.now
            let ready = try await care.becomeReady(within: Self.readyBound)
            await recorder.say("ready on \(ready), after \((await recorder.now - struck).inTenths) s")
            try await settle()
            try await pause(0...1.5)
            guard ContinuousClock.now < deadline else { return }
            // Main may have returned meanwhile.
            guard let holder = await care.readyHub else { continue }
            let fault = faults.randomElement(using: &random)!
            let hitsActive = Bool.random(using: &random)
            try await strike(fault, holder: holder, hitsActive: hitsActive)
        }
    }

    mutating func settle() async throws {
        try await Task.sleep(for: Self.settling)
        if let began = doubleLossSince { await recorder.noteDoubleLoss(since: began) }
        doubleLossSince = nil
    }

    private mutating func strike(_ fault: Fault, holder: MachineName, hitsActive: Bool) async throws {
        let active = await care.server(holder)
        let standby = await care.standby(of: holder)
        let victim = hitsActive ? active : standby
        let role = hitsActive ? "active" : "standby"
        await care.endCalm()
        switch fault {
        case .kill:
            await recorder.note(kind: "\(role) killed", "\(victim.name) (\(role)) is killed")
            try await kill(victim)
            try await comeBack(victim)
        case .hang, .hangAndKill:
            await recorder.note(kind: "\(role) hung", "\(victim.name) (\(role)) hangs")
            try await care.site.process(of: victim.name)?.hang()
            try await pause(0.05...3)
            if fault == .hang {
                await recorder.say("\(victim.name) goes on")
                await care.site.process(of: victim.name)?.goOn()
            } else {
                await recorder.note(kind: "\(role) killed", "\(victim.name) is killed while it hangs")
                try await kill(victim)
                try await comeBack(victim)
            }
        case .stop:
            await recorder.note(kind: "\(role) stopped", "\(victim.name) (\(role)) is stopped in good order")
            try await care.site.process(of: victim.name)?.stop()
            try await comeBack(victim)
        case .hubBroker:
            await recorder.note(
                kind: "\(role)'s hub broker killed", "the hub broker of \(victim.name) (\(role)) is killed")
            guard let process = await care.site.process(of: victim.name) else { return }
            if let broker = process.hubBroker { sendKill(broker) }
            try await process.ended()
            try await comeBack(victim)
        case .switchover:
            await recorder.note(kind: "planned switch", "planned switch to \(standby.name)")
            do {
                try await order(to: standby.name, at: active.endpoint)
            } catch {
                await recorder.say("the switch to \(standby.name) was not done: \(error)")
            }
        case .standbyThenActive: try await strikeTwice(standby, active, "standby", "active")
        case .activeThenStandby: try await strikeTwice(active, standby, "active", "standby")
        }
    }

    private mutating func strikeTwice(
        _ first: LocalSite.Server, _ second: LocalSite.Server, _ one: String, _ other: String
    ) async throws {
        let kind = "\(one) killed, back, then \(other) killed"
        await recorder.note(kind: kind, "\(first.name) (\(one)) is killed, and \(second.name) when it is back")
        try await kill(first)
        try await pause(0.2...2)
        try await care.start(first)
        try await pause(0...1.5)
        doubleLossSince = await recorder.now
        await recorder.note(kind: kind, "\(second.name) is killed, too")
        try await kill(second)
        try await comeBack(second)
    }

    private func kill(_ server: LocalSite.Server) async throws {
        try await care.site.process(of: server.name)?.kill()
    }

    private mutating func comeBack(_ server: LocalSite.Server) async throws {
        try await pause(0.5...4)
        try await care.start(server)
    }

    private mutating func pause(_ seconds: ClosedRange<Double>) async throws {
        try await Task.sleep(for: .seconds(Double.random(in: seconds, using: &random)))
    }

    func order(to hub: MachineName, at endpoint: Endpoint) async throws {
        try await CommandSession.give(
            .hubSwitch, HubSwitchCommand(to: hub, force: false), as: MachineName("show-check")!, to: endpoint)
    }
}
