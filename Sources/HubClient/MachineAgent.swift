import FailoverCore
import HubProtocol
import Logging
import MQTTSession

/// What every machine of a site does, clients and servers alike: live sessions with both hubs, its status, heartbeat,
/// links and last switch on each of them, and following the highest epoch.
@SessionLoop
public final class MachineAgent {
    public struct Identity: Sendable {
        public var name: MachineName
        public var role: Role
        /// This run.
        public var session: String
        /// Part of the client id; see `DataFolder.secret`.
        public var secret: String
        /// As others reach this machine; `nil`: the address that its hub sees.
        public var address: String?
        public var version: String
        /// The type of its licence; `nil`: it has none.
        public var license: String?
        /// 1 to 3: what it may do, as its key has it.
        public var permission: Int
        /// Where this machine's votes are kept; `nil`: it does not vote.
        public var ballotBox: String?
        /// `nil`: the site has no keys.
        public var credentials: TLSCredentials?

        public init(
            name: MachineName, role: Role, session: String, secret: String, address: String?, version: String,
            license: String? = nil, permission: Int = 3, ballotBox: String? = nil, credentials: TLSCredentials? = nil
        ) {
            self.name = name
            self.role = role
            self.session = session
            self.secret = secret
            self.address = address
            self.version = version
            self.license = license
            self.permission = permission
            self.ballotBox = ballotBox
            self.credentials = credentials
        }
    }

    /// The two places of a site that a hub can stand at.
    public enum Side: Hashable, Sendable, CaseIterable {
        case main, backup
    }

    public enum Event: Sendable {
        /// Which server stands at one side.
        case server(HubServer, Side)
        /// Whose keys do not count any more, as that server knows; told to servers only.
        case keys(HubKeys, Side)
        /// What that hub says of its past, a `HubHistory`, to be read when there is time; told to servers only.
        case history([UInt8], Side)
        /// The pair as the newest epoch describes it.
        case pair(HubPair)
        case followed(MachineName, Epoch, Follower.Switch?)
        /// The hub that was followed cannot be reached.
        case lost(MachineName, CloseReason)
        /// The address given for this side leads to the server of the other one.
        case misdirected(Endpoint, Side)
        /// A server of another site answers there, which is not followed; with the Main servers of that site and of this one.
        case foreign(Endpoint, main: MachineName, site: MachineName)
        /// An attempt to connect to this side failed.
        case unreachable(Side, CloseReason)
        /// Another machine of this name works here already; nothing was published.
        case nameTaken(MachineStatus)
        /// A payload that cannot be right, for the log.
        case ignored(topic: String, cause: String)
    }

    /// Not all of `hub/#`: the history comes with every switch, and is longer than all the rest. Only servers read it, last.
    /// Of what this machine says itself only its heartbeats come back, which proves that the hub works.
    private static func subscriptions(_ identity: Identity) -> [HubLink.Subscription] {
        let name = identity.name
        let isServer = identity.role != .client
        let topics: [Topic] =
            (isServer ? [.hubKeys] : []) + [.machine(name, .heartbeat), .hubServer, .hubPair, .hubActive]
            + (isServer ? [.hubHistory] : [])
        return [HubLink.Subscription(filter: TopicFilter.machine(name), noLocal: true)]
            + topics.map { HubLink.Subscription(filter: $0.name) }
    }

    private static let heartbeatInterval = Duration.seconds(1)
    /// A hub through which this machine's own heartbeats do not come back is as good as dead.
    private static let longestSilence = Duration.milliseconds(2500)

    /// A switch from one hub to another, of a machine that is nowhere connected: the first use of a type in a process takes
    /// several times as long as all later ones.
    private static let rehearsal: Void = {
        let (main, backup) = (MachineName("a")!, MachineName("b")!)
        let agent = MachineAgent(
            Identity(name: main, role: .client, session: "", secret: "", address: nil, version: "")
        ) { _ in }
        agent.nameOursSince = .now
        for hub in [main, backup] { agent.report(agent.follower.linkUp(hub, at: .now)) }
        for (epoch, hub) in [(1, main), (2, backup)] {
            let active =
                #"{"epoch":\#(epoch),"hub":"\#(hub)","address":"a","port":1,"previous":"a","reason":"mainLost","since":"2026-01-01T00:00:00.000Z"}"#
            guard let announcement = try? Follower.Announcement(hubActive: Array(active.utf8)) else {
                return assertionFailure("not as hub/active is written")
            }
            agent.report(agent.follower.announced(announcement, at: .now))
            agent.follower.linkLost(main, at: .now)
        }
        agent.publishSwitch()
        _ =
            MachineLinks(hubs: [main: .lost, backup: .up], control: [backup: .up], following: backup, epoch: nil)
            .encoded
    }()

    private let identity: Identity
    private let onEvent: @SessionLoop (Event) -> Void
    private var status: MachineStatus
    private var links: [Side: HubLink] = [:]
    private var follower = Follower()
    private var lastSwitch: MachineSwitch?
    /// The Main server of this site, by which a site is known: of a client, the one that it reached first in this run.
    public var site: MachineName? {
        didSet { if site != oldValue { reviewSite() } }
    }
    /// As remembered from an earlier run.
    private var rememberedSite: MachineName?
    /// The Main server of the hub whose epoch is obeyed, or whose pair is the newest.
    private var obeyedSite: MachineName?
    private var newestPair: (epoch: Epoch, version: UInt64)?
    private var nameCheck: NameCheck
    private var nameOursSince: ContinuousClock.Instant?
    private var rival: MachineStatus?
    private var isNameOurs: Bool { nameOursSince != nil }
    /// What this machine has said on topics of its own; not its heartbeats, which it says anew every second.
    private var said: [Topic.MachineItem: [UInt8]] = [:]
    /// What somebody else wrote in this machine's name, to be put right.
    private var overwritten: Set<Topic.MachineItem> = []
    private let repair = LoopTimer()
    private var sequence: UInt64 = 0
    private var lastBeat = ContinuousClock.now
    private let heartbeat = LoopTimer()
    private let nameTimer = LoopTimer()
    private let linksTimer = LoopTimer()
    private let switchTimer = LoopTimer()
    private let clock: @Sendable () -> MonotonicTime

    public init(
        _ identity: Identity, clock: @escaping @Sendable () -> MonotonicTime = { .now },
        onEvent: @escaping @SessionLoop (Event) -> Void
    ) {
        self.identity = identity
        self.clock = clock
        self.onEvent = onEvent
        nameCheck = NameCheck(session: identity.session)
        status = MachineStatus(
            state: .starting, role: identity.role, session: identity.session, address: identity.address ?? "",
            version: identity.version, license: identity.license, permission: identity.permission, since: .now,
            ballotBox: identity.ballotBox)
    }

    public var following: MachineName? { follower.following }
    public var epoch: Epoch? { follower.epoch }

    /// Connects to the hub at this side and stays connected. A link that leads elsewhere is moved.
    ///
    /// - Parameter hub: the server's name, where it is known already.
    public func connect(_ side: Side, to endpoint: Endpoint, hub: MachineName? = nil) {
        if let link = links[side] {
            if link.endpoint != endpoint { link.reconnect(to: endpoint) }
            return
        }
        if side == .main { rememberedSite = hub }
        let will = Publication(
            topic: Topic.machine(identity.name, .status).name, payload: status.with(.lost).encoded, retain: true)
        let configuration = Session.Configuration(
            endpoint: endpoint, credentials: identity.credentials,
            clientID: "\(identity.name)/\(side)-\(identity.secret)", will: will)
        let link = HubLink(configuration, hub: hub, subscriptions: Self.subscriptions(identity))
        link.onEvent = { [weak self, unowned link] event in self?.handle(event, of: link) }
        links[side] = link
        Self.rehearsal
        link.start()
        if links.count == 1 { beat() }
    }

    /// Says goodbye to the hub at this side, which is not one of the site's any more, and forgets it.
    public func disconnect(_ side: Side) {
        guard let link = links.removeValue(forKey: side) else { return }
        if let hub = link.hub { follower.linkLost(hub, at: clock()) }
        publishLinks()
        sayGoodbye(on: link)
        Task { await link.stop() }
    }

    private func sayGoodbye(on link: HubLink) {
        guard link.isUp, isNameOurs else { return }
        link.publish(.machine(identity.name, .status), status.with(.offline).encoded)
    }

    /// When this machine's key ends; `nil`: it has none.
    public var keyExpires: UTCTime? {
        get { status.keyExpires }
        set {
            guard newValue != status.keyExpires else { return }
            status.keyExpires = newValue
            publishStatus()
        }
    }

    /// Whose election heartbeats this machine hears; `nil` while it is no witness.
    public var control: [MachineName: MachineLinks.State]? {
        didSet { if control != oldValue { publishLinks() } }
    }

    /// The name of the server at a side, learnt elsewhere, so that its link can be shown before it was ever up.
    public func name(_ side: Side, _ hub: MachineName) { links[side]?.name(hub) }

    /// The next attempt to connect to this side goes there.
    public func redirect(_ side: Side, to endpoint: Endpoint) { links[side]?.redirect(to: endpoint) }

    public func isUp(_ side: Side) -> Bool { links[side]?.isUp ?? false }
    public func endpoint(of side: Side) -> Endpoint? { links[side]?.endpoint }
    public func hub(at side: Side) -> MachineName? { links[side]?.hub }

    /// Says goodbye on every hub, waits for the answers for at most half a second, and closes the sessions.
    public func leave() async {
        heartbeat.cancel()
        nameTimer.cancel()
        if switchTimer.isScheduled { publishSwitch() }
        switchTimer.cancel()
        status.state = .leaving
        publishStatus()
        status.state = .offline
        let up = links.values.filter { $0.isUp && isNameOurs }
        let patience = LoopTimer()
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            var unanswered = up.count
            var done: (() -> Void)? = { continuation.resume() }
            let finish = {
                done?()
                done = nil
            }
            for link in up {
                link.publish(.machine(identity.name, .status), remember(.status, status)) { _ in
                    unanswered -= 1
                    if unanswered == 0 { finish() }
                }
            }
            if up.isEmpty { finish() } else { patience.schedule(after: .milliseconds(500)) { finish() } }
        }
        for link in links.values { await link.stop() }
    }

    // MARK: - Events

    private func handle(_ event: HubLink.Event, of link: HubLink) {
        guard let side = links.first(where: { $0.value === link })?.key else { return }
        switch event {
        case .up: linkIsUp(link)
        case .down(let reason):
            guard let hub = link.hub else { return }
            let followed = follower.following == hub
            follower.linkLost(hub, at: clock())
            if followed { onEvent(.lost(hub, reason)) }
            // A switch that follows at once says it as well.
            linksTimer.schedule(after: .milliseconds(100)) { [weak self] in self?.publishLinks() }
        case .failed(let reason): onEvent(.unreachable(side, reason))
        case .message(let topic, let message):
            do {
                try handle(topic, message, link, side)
            } catch {
                onEvent(.ignored(topic: message.topic, cause: "\(error)"))
            }
        }
    }

    private func handle(_ topic: Topic, _ message: Message, _ link: HubLink, _ side: Side) throws(MalformedPayload) {
        if topic == .hubPair { reviewSite() }
        guard !link.isForeign else { return }
        if case .machine(identity.name, let item) = topic { noticeOverwriting(of: item, by: message.payload) }
        // An empty payload deletes a retained message and says nothing else.
        guard !message.payload.isEmpty else { return }
        switch topic {
        case .hubActive:
            let before = follower.epoch
            let outcome = follower.announced(try Follower.Announcement(hubActive: message.payload), at: clock())
            if follower.epoch != before { obeyedSite = link.main }
            report(outcome)
        case .hubServer:
            let server = try HubServer(decoding: message.payload)
            onEvent(.server(server, side))
            guard identity.role == .client else { break }
            settle(link, at: server.role == .main ? .main : .backup, from: side)
            if server.role == .main { learnSite(server.name) }
        case .hubPair:
            obeyedSite = try learn(HubPair(decoding: message.payload)) ? link.main : obeyedSite
        case .hubHistory: onEvent(.history(message.payload, side))
        case .hubKeys: onEvent(.keys(try HubKeys(decoding: message.payload), side))
        case .machine(identity.name, .status):
            sawOwnStatus(try MachineStatus(decoding: message.payload), isRetained: message.isRetained, on: link)
        case .machine(identity.name, .heartbeat):
            sawOwnHeartbeat(try MachineHeartbeat(decoding: message.payload), isRetained: message.isRetained, on: link)
        default: break
        }
    }

    /// What somebody else wrote in this machine's name is put right: also what is empty or makes no sense, and a will of
    /// this very run. A moment later, so that two that do so do not answer each other without end.
    private func noticeOverwriting(of item: Topic.MachineItem, by seen: [UInt8]) {
        guard isNameOurs, let own = said[item], own != seen else { return }
        if overwritten.isEmpty {
            repair.schedule(after: .milliseconds(20)) { [weak self] in
                guard let self else { return }
                for item in self.overwritten { if let own = self.said[item] { self.publish(item, own) } }
                self.overwritten = []
            }
        }
        overwritten.insert(item)
    }

    /// An address that was given for one side leads to the server of the other: one link a server, at its own side.
    private func settle(_ link: HubLink, at actual: Side, from side: Side) {
        guard actual != side else { return }
        onEvent(.misdirected(link.endpoint, side))
        links[side] = nil
        guard let present = links[actual], present.isUp else {
            // The way that works is the better one.
            let old = links[actual]
            links[actual] = link
            Task { await old?.stop() }
            return
        }
        Task { await link.stop() }
    }

    /// The Main server that was reached first in this run tells which site this is, or a hub that is followed and of the site
    /// that is remembered.
    private func learnSite(_ main: MachineName) {
        guard site == nil else { return }
        // What was obeyed before may be another one's; what follows on Main's link is this one's.
        let isOther = obeyedSite.map { $0 != main } ?? false
        if isOther {
            follower = Follower()
            newestPair = nil
        }
        site = main
        guard isOther else { return }
        for link in links.values where link.isUp {
            if let hub = link.hub { report(follower.linkUp(hub, at: clock())) }
        }
    }

    /// A server of another site is none of ours, whatever it announces: epochs are comparable within a site only, and its
    /// own may be higher. It may have been given by mistake, be a spare that was one, or have taken over an address.
    private func reviewSite() {
        guard let site else { return }
        for link in links.values {
            let isForeign = link.main.map { $0 != site } ?? false
            guard isForeign != link.isForeign else { continue }
            // It says anew what was not heard.
            guard isForeign, let other = link.main else {
                link.reconnect()
                continue
            }
            sayGoodbye(on: link)
            link.judgeForeign()
            publishLinks()
            onEvent(.foreign(link.endpoint, main: other, site: site))
        }
    }

    private func linkIsUp(_ link: HubLink) {
        guard isNameOurs else {
            checkName()
            return
        }
        if status.address.isEmpty, let address = link.localAddress { status.address = address }
        // In this order: a reader that sees the machine follow a hub has seen it online.
        link.publish(.machine(identity.name, .status), remember(.status, status))
        if let lastSwitch { link.publish(.machine(identity.name, .switch), remember(.switch, lastSwitch)) }
        if let hub = link.hub { report(follower.linkUp(hub, at: clock())) }
        publishLinks()
        publishHeartbeat(on: link)
    }

    /// - Returns: whether it is the newest.
    private func learn(_ pair: HubPair) -> Bool {
        guard let epoch = pair.epoch else { return false }
        if let newestPair, (epoch, pair.version) < newestPair { return false }
        newestPair = (epoch, pair.version)
        onEvent(.pair(pair))
        return true
    }

    private func report(_ outcome: Follower.Outcome) {
        guard case .followed(let change) = outcome, let hub = follower.following, let epoch = follower.epoch else {
            if outcome == .waitingForHub { publishLinks() }
            return
        }
        if let change { lastSwitch = MachineSwitch(change) }
        if status.state == .starting, isNameOurs {
            status.state = .online
            publishStatus()
        }
        publishLinks()
        if let obeyedSite, obeyedSite == rememberedSite { learnSite(obeyedSite) }
        onEvent(.followed(hub, epoch, change))
        guard change != nil else { return }
        // How long it took is told when the others have followed, too.
        switchTimer.schedule(after: .milliseconds(50)) { [weak self] in self?.publishSwitch() }
    }

    // MARK: - One machine of a name

    /// The first hub that is reached tells whether the name is free.
    private func checkName() {
        guard nameCheck.other != nil else {
            nameIsOurs()
            return
        }
        nameTimer.schedule(after: NameCheck.patience) { [weak self] in self?.nameIsOurs() }
    }

    private func nameIsOurs() {
        nameTimer.cancel()
        guard !isNameOurs else { return }
        nameOursSince = .now
        for link in links.values where link.isUp { linkIsUp(link) }
        if follower.following != nil, status.state == .starting {
            status.state = .online
            publishStatus()
        }
    }

    private func sawOwnStatus(_ seen: MachineStatus, isRetained: Bool, on link: HubLink) {
        guard isNameOurs else {
            if nameCheck.saw(seen) == .free, link.isUp { nameIsOurs() }
            return
        }
        let isNew = nameOursSince.map { .now - $0 < NameCheck.patience } ?? true
        let isOther =
            isNew && !isRetained && seen.session != identity.session && [.starting, .online].contains(seen.state)
        if isOther, (seen.since.description, seen.session) < (status.since.description, status.session) {
            // Perhaps both started at the same moment. By this order both agree who of them stays; a heartbeat of the other
            // proves that it lives. A machine that has worked for a while stays, whatever is said in its name.
            rival = seen
        }
    }

    private func sawOwnHeartbeat(_ seen: MachineHeartbeat, isRetained: Bool, on link: HubLink) {
        if seen.session == identity.session {
            link.lastEcho = .now
        } else if !isNameOurs, nameCheck.saw(seen, isRetained: isRetained) == .taken, let other = nameCheck.other {
            onEvent(.nameTaken(other))
        } else if let rival, seen.session == rival.session, !isRetained {
            onEvent(.nameTaken(rival))
        }
    }

    // MARK: - Publishing

    private func beat() {
        heartbeat.schedule(after: Self.heartbeatInterval) { [weak self] in
            guard let self else { return }
            self.sequence += 1
            let isLate = ContinuousClock.now - self.lastBeat > Self.heartbeatInterval * 2
            self.lastBeat = .now
            for link in self.links.values where link.isUp {
                // A machine that was itself away has sent nothing that could come back.
                if isLate { link.lastEcho = .now }
                if ContinuousClock.now - link.lastEcho > Self.longestSilence {
                    link.reconnect()
                } else {
                    self.publishHeartbeat(on: link)
                }
            }
            self.beat()
        }
    }

    private func publishHeartbeat(on link: HubLink) {
        guard isNameOurs else { return }
        let interval = Self.heartbeatInterval
        link.publish(
            .machine(identity.name, .heartbeat),
            MachineHeartbeat(
                session: identity.session, sequence: sequence, intervalMs: Int(interval.inMilliseconds),
                epoch: follower.epoch
            ).encoded,
            quality: .atMostOnce,
            expirySeconds: UInt32(interval.components.seconds) * UInt32(MachineHeartbeat.intervalsToExpiry))
    }

    private func publishStatus() { publish(.status, status) }

    private func publishSwitch() {
        if let lastSwitch { publish(.switch, lastSwitch) }
    }

    private func publishLinks() { publish(.links, currentLinks) }

    private var currentLinks: MachineLinks {
        var states: [MachineName: MachineLinks.State] = [:]
        for link in links.values {
            guard let hub = link.hub else { continue }
            states[hub] = link.isUp ? .up : .lost
        }
        return MachineLinks(hubs: states, control: control, following: follower.following, epoch: follower.epoch)
    }

    private func publish(_ item: Topic.MachineItem, _ payload: some Payload) {
        if isNameOurs { publish(item, remember(item, payload)) }
    }

    private func publish(_ item: Topic.MachineItem, _ bytes: [UInt8]) {
        for link in links.values where link.isUp { link.publish(.machine(identity.name, item), bytes) }
    }

    private func remember(_ item: Topic.MachineItem, _ payload: some Payload) -> [UInt8] {
        let bytes = payload.encoded
        said[item] = bytes
        return bytes
    }
}
