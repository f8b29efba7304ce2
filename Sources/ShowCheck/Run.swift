import ArgumentParser
import FailoverCore
import LocalSite
import ShowHistory

/// One site, its load and its faults, from start to the judgement.
struct Run {
    let options: CheckCommand
    let seed: UInt64
    let recorder: Recorder

    /// The machines on which programs work; each has a client of the site, too.
    static let machines = ["cam-1", "gfx-1", "audio-1"].map { MachineName($0)! }
    /// I6: from the end of the faults to Main active and both hubs equal.
    static let homeBound = Duration.seconds(60)

    func history() async throws -> History {
        let network = await makeNetwork()
        do {
            let faults = options.wantedFaults.filter { network != nil || !$0.needsNetwork }
            guard !faults.isEmpty else { throw ValidationError("None of these faults can be made without root.") }
            let history = try await history(of: faults, in: network)
            await network?.end()
            return history
        } catch {
            await network?.end()
            throw error
        }
    }

    private func history(of faults: [Fault], in network: ShowNetwork?) async throws -> History {
        let site =
            if let network {
                try await LocalSite(
                    program: options.program, returnDelay: options.returnDelay, in: network,
                    hasKeys: options.keys)
            } else {
                try await LocalSite(
                    program: options.program, returnDelay: options.returnDelay, hasKeys: options.keys)
            }
        do {
            try await site.startAll(clients: Self.machines)
            let history = try await work(on: site, network, faults)
            if options.logs { await printLogs(of: site) }
            await site.end()
            return history
        } catch {
            await printLogs(of: site)
            await site.end()
            throw error
        }
    }

    /// Real networks need root; without it all programs are on loopback, where nothing can be cut.
    private func makeNetwork() async -> ShowNetwork? {
        guard options.wantedFaults.contains(where: \.needsNetwork) else { return nil }
        do {
            return try await ShowNetwork(machines: [LocalSite.mainName, LocalSite.backupName] + Self.machines)
        } catch {
            recorder.say("NO CUTS: the site is on loopback, since there is no network to cut (it needs root): \(error)")
            return nil
        }
    }

    private func work(on site: LocalSite, _ network: ShowNetwork?, _ faults: [Fault]) async throws -> History {
        let care = SiteCare(site, clients: Self.machines, recorder: recorder)
        try await care.becomeReady(within: .seconds(30))
        let load = LoadProcesses(options, on: Self.machines, of: site, recorder: recorder)
        try await load.preload()
        try await load.start()
        let calm = Task { await care.watchCalm() }
        try await Task.sleep(for: .seconds(1))
        var course = FaultCourse(
            care: care, load: load, network: network, recorder: recorder, faults: faults,
            random: SeededRandom(seed: seed))
        do {
            try await course.run(until: .now + .seconds(options.seconds))
            await recorder.note(kind: "end of the faults", "the faults are over")
            try await care.becomeReady(within: FaultCourse.readyBound)
            try await course.settle()
            try await goHome(care, course)
        } catch let error as SiteCare.NotReady {
            await recorder.note(.init(.broken, "\(error)"))
        }
        try await Task.sleep(for: .seconds(1))
        calm.cancel()
        await calm.value
        do { try await load.stop() } catch let error as LoadProcesses.Ended {
            await recorder.note(.init(.broken, "\(error)"))
        }
        try await compare(site)
        return try await recorder.history(with: load.files)
    }

    private func goHome(_ care: SiteCare, _ course: FaultCourse) async throws {
        let began = ContinuousClock.now
        while true {
            let holder = try await care.becomeReady(within: Self.homeBound)
            if holder == care.site.main.name { break }
            // After a planned switch nobody goes home by himself, and after many failures late.
            do { try await course.order(to: care.site.main.name, at: await care.server(holder).observed) } catch {
                recorder.say("the switch home was not done: \(error)")
                try await Task.sleep(for: .seconds(1))
            }
            guard ContinuousClock.now - began < Self.homeBound else {
                throw SiteCare.NotReady(description: "not home within \(Self.homeBound): \(await care.summary)")
            }
        }
        try await care.site.waitForHome(Self.machines, within: Self.homeBound)
        let span = (ContinuousClock.now - began) / .seconds(1)
        recorder.say("home and in sync, \(span.inTenths) s after the last fault")
    }

    /// Both hubs may need a moment for what was published last.
    private func compare(_ site: LocalSite) async throws {
        for attempt in 1...10 {
            var contents: [History.Content] = []
            for server in [site.main, site.backup] {
                contents.append(
                    .init(
                        hub: "\(server.name)",
                        retained: try await HubContent.read(from: server.observed, site.credentials)))
            }
            await recorder.note(contents)
            if contents[0].retained == contents[1].retained { return }
            recorder.say("the hubs differ (attempt \(attempt))")
            try await Task.sleep(for: .seconds(1))
        }
    }

    private func printLogs(of site: LocalSite) async {
        for (machine, process) in await site.runs {
            for line in process.lines { print("  \(machine) \(process.process): \(line)") }
        }
    }
}
