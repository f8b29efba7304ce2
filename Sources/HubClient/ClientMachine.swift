import FailoverCore
import HubProtocol
import LocalState
import Logging
import MQTTSession
import ServiceLifecycle
import Synchronization

/// A machine that works over whichever hub is active.
public struct ClientMachine: Service {
    public struct Options: Sendable {
        public var name: MachineName
        public var main: Endpoint
        /// `nil`: what the site says, or was remembered.
        public var backup: Endpoint?
        public var dataPath: String
        /// The type of its licence; `nil`: it has none.
        public var license: String?
        /// `nil`: the site has no keys.
        public var credentials: TLSCredentials?
        /// What its key allows it; 3 without keys.
        public var permission: Int
        /// When its key ends, as its file says now: it may be renewed while the machine runs. May wait for the disk.
        public var keyExpires: @Sendable () -> Timestamp?

        public init(
            name: MachineName, main: Endpoint, backup: Endpoint?, dataPath: String, license: String? = nil,
            credentials: TLSCredentials? = nil, permission: Int = 3,
            keyExpires: @escaping @Sendable () -> Timestamp? = { nil }
        ) {
            self.name = name
            self.main = main
            self.backup = backup
            self.dataPath = dataPath
            self.license = license
            self.credentials = credentials
            self.permission = permission
            self.keyExpires = keyExpires
        }
    }

    public enum Failure: Error, CustomStringConvertible {
        case nameTaken(name: MachineName, address: String)

        public var description: String {
            switch self {
            case .nameTaken(let name, let address):
                "a machine named \(name) is on this site already, at \(address). Give this one another --name, or stop "
                    + "the other one first."
            }
        }
    }

    private let options: Options
    private let log: Logger
    private let known: KnownHubs

    public init(_ options: Options, log: Logger) {
        self.options = options
        self.log = log
        known = KnownHubs([options.main, options.backup].compactMap { $0 })
    }

    /// The hubs of the site, as far as this machine knows them now.
    public var hubs: @Sendable () -> [Endpoint] {
        { [known] in known.endpoints }
    }

    /// This machine follows and votes on the session loop's own thread.
    @SessionLoop
    private static func goFirst() -> Bool { RealTimePriority.machine.give(to: 0) }

    /// Runs until a graceful shutdown. A site that cannot be reached is waited for.
    public func run() async throws {
        let folder = try DataFolder(path: options.dataPath)
        let memory = DurableFile<SiteMemory>(path: folder.file("site.json"))
        // What was remembered is a help, not a need: a damaged file is written anew.
        let found = (try? memory.read()) ?? SiteMemory()
        let remembered = found.concerns(options.main) ? found : SiteMemory()
        let ballots = try BallotStore(in: folder)
        let identity = MachineAgent.Identity(
            name: options.name, role: .client, session: Identifier.random(), secret: try folder.secret(), address: nil,
            version: Version.current, license: options.license, permission: options.permission,
            ballotBox: ballots.box, credentials: options.credentials)
        let (failures, continuation) = AsyncStream.makeStream(of: Failure.self)
        // Off the session loop, since writing waits for the disk; in order; and finished before this returns.
        let (learnt, learning) = AsyncStream.makeStream(of: SiteMemory.self, bufferingPolicy: .bufferingNewest(1))
        let writing = Task.detached {
            for await site in learnt { do { try memory.write(site) } catch { log.warning("\(error)") } }
        }
        if await !Self.goFirst() { log.info("\(RealTimePriority.refusal)") }
        let follower = await SiteFollower(
            options, identity, remembered: remembered, known: known, ballots: ballots, log: log
        ) { outcome in
            switch outcome {
            case .learnt(let site): learning.yield(site)
            case .failed(let failure): continuation.yield(failure)
            }
        }
        let failure = await withGracefulShutdownHandler {
            await failures.first { _ in true }
        } onGracefulShutdown: {
            continuation.finish()
        }
        await follower.leave()
        learning.finish()
        await writing.value
        withExtendedLifetime(folder) {}
        if let failure { throw failure }
    }
}

/// The servers of the site, as a client last heard of them.
struct SiteMemory: Codable, Hashable, Sendable {
    /// Where the operator said that Main is when this was learnt; with another address, it may be of another site.
    var given: String?
    var main: ServerAddress?
    var backup: ServerAddress?

    func concerns(_ main: Endpoint) -> Bool { given.map { $0 == main.description } ?? true }
}

/// Where a client's hubs are, for whoever else in its process looks at the site.
private final class KnownHubs: Sendable {
    private let state: Mutex<[Endpoint]>

    init(_ endpoints: [Endpoint]) { state = Mutex(endpoints) }

    var endpoints: [Endpoint] { state.withLock { $0 } }

    func note(_ endpoints: [Endpoint]) { state.withLock { $0 = endpoints } }
}

/// What a client adds to the machine agent: it finds the Backup that it was not told of, and tells its operator.
@SessionLoop
private final class SiteFollower {
    enum Outcome: Sendable {
        case learnt(SiteMemory)
        case failed(ClientMachine.Failure)
    }

    private let options: ClientMachine.Options
    private let log: Logger
    private let onOutcome: @SessionLoop (Outcome) -> Void
    private let known: KnownHubs
    private var site: SiteMemory
    private var agent: MachineAgent!
    /// The address that the operator knows, until another Backup is found to be the right one.
    private var givenBackup: Endpoint?
    private let witness: WitnessMachine
    private var reported: [MachineAgent.Side: CloseReason] = [:]
    private let keyTimer = LoopTimer()
    private static let keyInterval = Duration.seconds(10)

    init(
        _ options: ClientMachine.Options, _ identity: MachineAgent.Identity, remembered: SiteMemory, known: KnownHubs,
        ballots: BallotStore, log: Logger, onOutcome: @escaping @SessionLoop (Outcome) -> Void
    ) {
        self.options = options
        self.log = log
        self.onOutcome = onOutcome
        self.known = known
        site = remembered
        givenBackup = options.backup
        witness = WitnessMachine(
            WitnessIdentity(name: options.name, ballotBox: ballots.box), secret: identity.secret,
            credentials: options.credentials, ballots: ballots, log: log)
        agent = MachineAgent(identity) { [weak self] in self?.handle($0) }
        witness.onLinks = { [weak self] in self?.agent.control = $0 }
        if options.credentials != nil { lookAtKey() }
        agent.connect(.main, to: options.main, hub: site.main?.name)
        if let backup = options.backup ?? site.backup?.endpoint, backup != options.main {
            agent.connect(.backup, to: backup, hub: options.backup == nil ? site.backup?.name : nil)
        }
        noteHubs()
    }

    private func noteHubs() {
        known.note(MachineAgent.Side.allCases.compactMap { agent.endpoint(of: $0) })
    }

    func leave() async {
        keyTimer.cancel()
        witness.stop()
        await agent.leave()
    }

    private func lookAtKey() {
        let expiry = options.keyExpires
        Task {
            let found = await Task.detached { expiry() }.value
            if let found { agent.keyExpires = UTCTime(found) }
        }
        keyTimer.schedule(after: Self.keyInterval) { [weak self] in self?.lookAtKey() }
    }

    private func handle(_ event: MachineAgent.Event) {
        switch event {
        case .server(_, let side): reported[side] = nil
        case .pair(let pair): learn(pair)
        case .followed(let hub, let epoch, let change):
            if let change {
                let report = MachineSwitch(change)
                log.info(
                    "epoch \(epoch): \(report.from) to \(hub) in \(report.outageMs) ms (\(report.reason.rawValue))")
            } else {
                log.info("epoch \(epoch): following \(hub)")
            }
        case .lost(let hub, let reason): log.warning("\(hub): \(reason)")
        case .unreachable(let side, let reason):
            guard let endpoint = agent.endpoint(of: side) else { return }
            tryAnotherWay(to: side, than: endpoint)
            guard reported.updateValue(reason, forKey: side) != reason else { return }
            log.warning("the \(side) hub at \(endpoint) cannot be reached (\(reason)); trying on")
        case .keys, .history: break
        case .misdirected(let endpoint, let side):
            log.warning("\(endpoint) was given for the \(side) server, but the other server answers there")
        case .foreign(let endpoint, let main, let own):
            log.warning(
                "the server at \(endpoint) belongs to the site of \(main), not to that of \(own), and is not followed. If this machine shall work there, start it anew with that site's addresses"
            )
            if site.main?.name == main { forgetSite() }
        case .nameTaken(let other):
            onOutcome(.failed(.nameTaken(name: options.name, address: other.address)))
        case .ignored(let topic, let cause): log.warning("ignored a message on \(topic): \(cause)")
        }
    }

    /// There may be two: the operator's, who may know one that the server does not, and the one that the pair names, which
    /// may have changed since. The next attempt takes the other one.
    private func tryAnotherWay(to side: MachineAgent.Side, than tried: Endpoint) {
        let (given, named) =
            side == .main ? (options.main, site.main?.endpoint) : (givenBackup, site.backup?.endpoint)
        guard let other = [given, named].compactMap({ $0 }).first(where: { $0 != tried }) else { return }
        agent.redirect(side, to: other)
        noteHubs()
    }

    /// The pair record decides where the servers are; what the operator said serves until one was read.
    private func learn(_ pair: HubPair) {
        if pair.backup == nil, let removed = site.backup { forget(removed, main: pair.main) }
        let known = SiteMemory(
            given: options.main.description, main: pair.main ?? site.main, backup: pair.backup ?? site.backup)
        for (side, server) in [(MachineAgent.Side.main, known.main), (.backup, known.backup)] {
            guard let server else { continue }
            // Before Main was reached this may be another site's pair: the operator's address is tried first.
            let isCertain = side == .backup || agent.site != nil
            // A server that is reached already stays where it was reached: the operator may know a way to it that
            // the server itself does not.
            let isAnother = isCertain && (agent.hub(at: side) ?? server.name) != server.name
            if agent.endpoint(of: side) == nil || isAnother {
                if agent.endpoint(of: side) == givenBackup { givenBackup = nil }
                agent.connect(side, to: server.endpoint, hub: server.name)
            } else {
                agent.name(side, server.name)
            }
        }
        noteHubs()
        witness.serve(pair) { side, server in
            // By the way on which its hub is reached.
            guard case .tcp(let host, _) = agent.endpoint(of: side) else { return nil }
            return .tcp(host: host, port: server.controlPort)
        }
        guard known != site else { return }
        site = known
        onOutcome(.learnt(known))
    }

    /// All that was learnt came from a server of another site, which was reached before Main.
    private func forgetSite() {
        site = SiteMemory()
        onOutcome(.learnt(site))
        witness.stop()
    }

    /// An operator removed the Backup. The one that was named on the command line may be that one, and is not looked for any
    /// more unless this machine is started anew.
    private func forget(_ backup: ServerAddress, main: ServerAddress?) {
        log.info("\(backup.name) is the Backup of this site no more")
        site = SiteMemory(given: options.main.description, main: main ?? site.main)
        onOutcome(.learnt(site))
        witness.stop()
        agent.disconnect(.backup)
        givenBackup = nil
        noteHubs()
    }
}

extension ServerAddress {
    public var endpoint: Endpoint { .tcp(host: address, port: port) }
}
