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
    let load: LoadProcesses
    /// `nil`: there is none, and no fault needs it.
    let network: ShowNetwork?
    let recorder: Recorder
    /// One of these two may be empty.
    private let serverFaults: [Fault]
    private let cuts: [Fault]
    var random: SeededRandom

    /// Since when a second server has been lost before the site was whole.
    private var doubleLossSince: Elapsed?
    /// Readers that may have reached no hub since then.
    var absence: (readers: [String], since: Elapsed)?
    /// How long the network has been cut, in seconds.
    var cutLasted = 0.0

    static let readyBound = Duration.seconds(60)
    /// Until every reader and writer has its session with a hub that came back.
    private static let settling = Duration.seconds(2)

    init(
        care: SiteCare, load: LoadProcesses, network: ShowNetwork?, recorder: Recorder, faults: [Fault],
        random: SeededRandom
    ) {
        (self.care, self.load, self.network, self.recorder) = (care, load, network, recorder)
        serverFaults = faults.filter { !$0.needsNetwork }
        cuts = faults.filter(\.needsNetwork)
        self.random = random
    }

    mutating func run(until deadline: ContinuousClock.Instant) async throws {
        // They take turns, so that a short run has both.
        var isCutNext = Bool.random(using: &random)
        while ContinuousClock.now < deadline {
            let struck = recorder.now
            let ready = try await care.becomeReady(within: Self.readyBound)
            recorder.say("ready on \(ready), after \((recorder.now - struck).inTenths) s")
            try await settle()
            try await pause(0...1.5)
            guard ContinuousClock.now < deadline else { return }
            // Main may have returned meanwhile.
            guard let holder = await care.readyHub else { continue }
            let choice = serverFaults.isEmpty || isCutNext && !cuts.isEmpty ? cuts : serverFaults
            let fault = choice.randomElement(using: &random)!
            isCutNext.toggle()
            let hitsActive = Bool.random(using: &random)
            try await strike(fault, holder: holder, hitsActive: hitsActive)
        }
    }

    mutating func settle() async throws {
        // A sender whose packets were lost tries again after a pause that doubles each time (RFC 6298): the last one may be
        // as long as the cut was.
        try await Task.sleep(for: Self.settling + .seconds(cutLasted))
        cutLasted = 0
        if let absence { await recorder.noteAbsence(of: absence.readers, since: absence.since) }
        absence = nil
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
                recorder.say("\(victim.name) goes on")
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
                try await order(to: standby.name, at: active.observed)
            } catch {
                recorder.say("the switch to \(standby.name) was not done: \(error)")
            }
        case .standbyThenActive: try await strikeTwice(standby, active, "standby", "active")
        case .activeThenStandby: try await strikeTwice(active, standby, "active", "standby")
        case .serverCable, .serverLink, .machineCable, .machineLink:
            try await cut(fault, active, standby, hitsActive: hitsActive)
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
        doubleLossSince = recorder.now
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

    mutating func pause(_ seconds: ClosedRange<Double>) async throws {
        try await Task.sleep(for: .seconds(Double.random(in: seconds, using: &random)))
    }

    func order(to hub: MachineName, at endpoint: Endpoint) async throws {
        let command = HubSwitchCommand(to: hub, force: false)
        let credentials = care.site.credentials
        guard case .unix = endpoint else {
            try await CommandSession.give(
                .hubSwitch, command, as: LocalSite.operatorName, to: endpoint, credentials: credentials)
            return
        }
        // At the private door nobody has looked at a key.
        let response = try await CommandSession.pass(
            .hubSwitch, command.encoded, of: LocalSite.operatorName, permission: credentials.map { _ in 3 },
            to: endpoint,
            within: .seconds(15))
        guard response.status == .ok else { throw response }
    }
}
