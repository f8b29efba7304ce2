import FailoverCore
import HubClient
import LocalSite
import MQTTSession
import ShowHistory

/// One site, its load and its faults, from start to the judgement.
struct Run {
    let options: ShowCheck
    let seed: UInt64
    let recorder = Recorder()

    static let clients = ["cam-1", "gfx-1", "audio-1"].map { MachineName($0)! }
    /// I6: from the end of the faults to Main active and both hubs equal.
    static let homeBound = Duration.seconds(60)

    func history() async throws -> History {
        let site = try await LocalSite(program: options.program, returnDelay: options.returnDelay)
        do {
            try await site.startAll(clients: Self.clients)
            try await work(on: site)
            if options.logs { await printLogs(of: site) }
            await site.end()
        } catch {
            await printLogs(of: site)
            await site.end()
            throw error
        }
        return await recorder.history
    }

    private func work(on site: LocalSite) async throws {
        let care = SiteCare(site, clients: Self.clients, recorder: recorder)
        try await care.becomeReady(within: .seconds(30))
        try await preload(on: site)
        let load = try await Load(options, on: site, recorder: recorder)
        let calm = Task { await care.watchCalm() }
        await load.start()
        try await Task.sleep(for: .seconds(1))
        var course = FaultCourse(
            care: care, recorder: recorder, faults: options.faults.isEmpty ? Fault.allCases : options.faults,
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
        await load.stop()
        try await compare(site)
    }

    /// So many topics that nobody changes.
    private func preload(on site: LocalSite) async throws {
        guard options.topics > 0 else { return }
        let writer = await Preload(topics: options.topics, hubs: [site.main.endpoint, site.backup.endpoint], recorder)
        try await writer.run()
        await recorder.say("\(options.topics) topics are there")
    }

    private func goHome(_ care: SiteCare, _ course: FaultCourse) async throws {
        let began = ContinuousClock.now
        while true {
            let holder = try await care.becomeReady(within: Self.homeBound)
            if holder == care.site.main.name { break }
            // After a planned switch nobody goes home by himself, and after many failures late.
            do { try await course.order(to: care.site.main.name, at: await care.server(holder).endpoint) } catch {
                await recorder.say("the switch home was not done: \(error)")
                try await Task.sleep(for: .seconds(1))
            }
            guard ContinuousClock.now - began < Self.homeBound else {
                throw SiteCare.NotReady(description: "not home within \(Self.homeBound): \(await care.summary)")
            }
        }
        try await care.site.waitForHome(Self.clients, within: Self.homeBound)
        let span = (ContinuousClock.now - began) / .seconds(1)
        await recorder.say("home and in sync, \(span.inTenths) s after the last fault")
    }

    /// Both hubs may need a moment for what was published last.
    private func compare(_ site: LocalSite) async throws {
        for attempt in 1...10 {
            var contents: [History.Content] = []
            for server in [site.main, site.backup] {
                contents.append(
                    .init(hub: "\(server.name)", retained: try await HubContent.read(from: server.endpoint)))
            }
            await recorder.note(contents)
            if contents[0].retained == contents[1].retained { return }
            await recorder.say("the hubs differ (attempt \(attempt))")
            try await Task.sleep(for: .seconds(1))
        }
    }

    private func printLogs(of site: LocalSite) async {
        for (machine, process) in await site.runs {
            for line in process.lines { print("  \(machine) \(process.process): \(line)") }
        }
    }
}
