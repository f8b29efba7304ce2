import FailoverCore
import HubProtocol
import LocalState
import MQTTSession
import Replication

/// A program's connection with the show: it publishes and subscribes over whichever hub is active, and follows a switch
/// by itself, without a message lost or repeated.
///
/// It holds a session with each hub. Every method may be called from anywhere; all end with the task that called them.
@SessionLoop
public final class HubConnection {
    /// When a publish counts as done.
    public enum Confirm: String, Sendable, CaseIterable {
        /// Both hubs have it, and the store of at least one server; while the active hub has no standby, it is on that
        /// server's disk.
        case replicated
        /// The active hub has it. It may be lost together with that hub, unless this connection lives on.
        case hub
    }

    /// Where the connection stands.
    public struct State: Equatable, Sendable {
        /// The hub that is worked on; `nil` while none is reached.
        public var hub: MachineName?
        /// The newest epoch that was heard of.
        public var epoch: Epoch?
        /// The site, as that hub says; `nil` before it said anything.
        public var site: HubState?
    }

    public private(set) var state = State()

    private let name: MachineName
    private let publisher: Publisher
    private let credentials: TLSCredentials?
    private var links: [DataLink] = []
    private var follower = Follower()
    private var outbox: Outbox
    private var waiters: [UInt64: Waiter] = [:]
    private var waitingForRoom: [CheckedContinuation<Void, Never>] = []
    /// On which hub session the outbox is being sent.
    private var resumption = Resumption()
    private var readers: [UInt64: Reader] = [:]
    private var nextReader: UInt64 = 0
    private var observers: [UInt64: AsyncStream<State>.Continuation] = [:]
    /// Where the server was said to be whose site this is.
    private let given: Endpoint?
    /// The Main server of the site, by which a site is known, once it is certain.
    private var main: MachineName?
    /// The Main server of the hub whose epoch is obeyed, or whose pair is the newest.
    private var obeyed: MachineName?
    private var newestPair: (epoch: Epoch, version: UInt64)?
    /// As the newest pair names it.
    private var backup: MachineName?
    /// Of the site, as far as it has said.
    private var servers: [ServerAddress] = []
    private var linksMade = 0
    private let reachTimer = LoopTimer()
    private let retryTimer = LoopTimer()
    private var isClosed = false

    private struct Waiter {
        var confirm: Confirm
        var wasSent = false
        var continuation: CheckedContinuation<Result<Void, PublishError>, Never>
        var deadline: LoopTimer
    }

    /// Connects in the background; a site that cannot be reached is waited for.
    ///
    /// - Parameters:
    ///   - name: of this machine; its messages bear it. Where there are keys, the one in its key.
    ///   - hubs: the addresses of Main's and the Backup's hub. With one of them, the other one is learnt from the site. Where
    ///     they lead to two sites, the first one counts.
    ///   - credentials: this machine's key; `nil`: the site has none.
    public init(name: MachineName, hubs: [Endpoint], credentials: TLSCredentials? = nil) {
        self.name = name
        self.credentials = credentials
        given = hubs.first
        publisher = Publisher(machine: name, session: Identifier.random())!
        outbox = Outbox(publisher: publisher)
        for hub in hubs { connect(to: hub) }
    }

    /// The same with texts.
    ///
    /// - Parameters:
    ///   - name: 1 to 64 characters of `[A-Za-z0-9_-]`.
    ///   - hubs: `ADDR[:PORT]` each.
    ///   - keys: the path of this machine's key file; `nil`: the site has no keys.
    /// - Throws: `InvalidName`.
    public convenience init(name: String, hubs: [String], keys: String? = nil) throws {
        guard let machine = MachineName(name) else { throw InvalidName(text: name) }
        let endpoints = try hubs.map { hub in
            guard let endpoint = Endpoint(hub) else { throw InvalidName(text: hub) }
            return endpoint
        }
        self.init(name: machine, hubs: endpoints, credentials: keys.map { TLSCredentials(path: $0) })
    }

    /// It is no machine's name, or no address.
    public struct InvalidName: Error, CustomStringConvertible {
        public var text: String

        public var description: String {
            "\(text.debugDescription) is neither a machine's name (1 to 64 letters, digits, - and _) nor an address (ADDR[:PORT])."
        }
    }

    private func connect(to endpoint: Endpoint) {
        guard !isClosed, !links.contains(where: { $0.endpoint == endpoint }) else { return }
        let link = DataLink(
            endpoint: endpoint, credentials: credentials,
            clientID: "\(name)/data-\(publisher.session)-\(linksMade)", publisher: publisher,
            filters: Array(filters))
        linksMade += 1
        link.onEvent = { [weak self, unowned link] in self?.handle($0, of: link) }
        links.append(link)
        link.start()
    }

    /// Ends all sessions in good order. What is not confirmed fails with `closed`.
    public func close() async {
        guard !isClosed else { return }
        isClosed = true
        for sequence in waiters.keys { finish(sequence, .failure(.closed)) }
        for reader in readers.values { reader.end(nil) }
        for observer in observers.values { observer.finish() }
        (readers, observers) = ([:], [:])
        makeRoom()
        for link in links { await link.stop() }
    }

    // MARK: - State

    /// The state now, and then every change. A reader that is late gets the newest only.
    public func states() -> AsyncStream<State> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            nextReader += 1
            let number = nextReader
            observers[number] = continuation
            continuation.yield(state)
            continuation.onTermination = { _ in
                Task { @SessionLoop [weak self] in self?.observers[number] = nil }
            }
        }
    }

    private func note(_ change: (inout State) -> Void) {
        let before = state
        change(&state)
        guard state != before else { return }
        for observer in observers.values { observer.yield(state) }
    }

    // MARK: - Publishing

    /// - Parameters:
    ///   - payload: at most 1 MiB.
    ///   - retain: it is a part of the show's state; an empty one deletes what is retained.
    ///   - patience: how long it may take, also while no hub is reached.
    /// - Throws: `PublishError`, which says whether the message may have arrived; `CancellationError`, after which a message
    ///   that was sent already stays on its way.
    public func publish(
        _ topic: String, _ payload: some Collection<UInt8>, retain: Bool = true, confirm: Confirm = .replicated,
        within patience: Duration = .seconds(10)
    ) async throws {
        guard TopicRules.isValidName(topic) else { throw PublishError.invalidTopic(topic) }
        guard payload.count <= PublishError.mostPayloadBytes else { throw PublishError.tooLarge(bytes: payload.count) }
        let began = ContinuousClock.now
        while outbox.isFull, !isClosed {
            try Task.checkCancellation()
            let timer = LoopTimer()
            await withCheckedContinuation { continuation in
                waitingForRoom.append(continuation)
                timer.schedule(after: .milliseconds(100)) { [weak self] in self?.makeRoom() }
            }
            timer.cancel()
            guard began + patience > .now else {
                throw resumption.stage == .away ? PublishError.noHub(after: patience) : .notConfirmed(after: patience)
            }
        }
        guard !isClosed else { throw PublishError.closed }
        try Task.checkCancellation()
        let item = outbox.add(
            HubMessage(topic: topic, payload: Array(payload), isRetained: retain, isPatient: confirm == .hub))
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let deadline = LoopTimer()
                waiters[item.sequence] = Waiter(
                    confirm: confirm, continuation: continuation, deadline: deadline)
                deadline.schedule(after: patience) { [weak self] in self?.giveUp(item.sequence, after: patience) }
                if case .sending(let session) = resumption.stage, let link = link(of: session.hub, session.connection) {
                    send(item, over: link)
                }
            }
        } onCancel: {
            Task { @SessionLoop in self.cancel(item.sequence) }
        }
        switch result {
        case .success: return
        case .failure(.closed) where Task.isCancelled: throw CancellationError()
        case .failure(let error): throw error
        }
    }

    private func send(_ item: HubMessage, over link: DataLink) {
        waiters[item.sequence]?.wasSent = true
        link.publish(item.publication) { [weak self] result in
            guard let self else { return }
            switch result {
            case .success: if self.waiters[item.sequence]?.confirm == .hub { self.finish(item.sequence, .success(())) }
            case .failure(.refused):
                self.outbox.withdraw(item.sequence)
                self.finish(item.sequence, .failure(.notAuthorized(topic: item.topic)))
            case .failure(.invalid):
                self.outbox.withdraw(item.sequence)
                self.finish(item.sequence, .failure(.invalidTopic(item.topic)))
            // It is sent again on the next session.
            case .failure(.notConnected), .failure(.sessionClosed): break
            }
        }
    }

    private func giveUp(_ sequence: UInt64, after patience: Duration) {
        guard let waiter = waiters[sequence] else { return }
        outbox.withdraw(sequence)
        finish(sequence, .failure(waiter.wasSent ? .notConfirmed(after: patience) : .noHub(after: patience)))
    }

    /// A message that was sent stays on its way: it cannot be taken back.
    private func cancel(_ sequence: UInt64) {
        guard let waiter = waiters[sequence] else { return }
        if !waiter.wasSent { outbox.withdraw(sequence) }
        finish(sequence, .failure(.closed))
    }

    private func finish(_ sequence: UInt64, _ result: Result<Void, PublishError>) {
        guard let waiter = waiters.removeValue(forKey: sequence) else { return }
        waiter.deadline.cancel()
        waiter.continuation.resume(returning: result)
        if !outbox.isFull { makeRoom() }
    }

    private func makeRoom() {
        let waiting = waitingForRoom
        waitingForRoom = []
        for continuation in waiting { continuation.resume() }
    }

    private func confirmed(_ confirmation: Confirmation, on link: DataLink) {
        for sequence in outbox.confirmed(confirmation.replicated) { finish(sequence, .success(())) }
        guard let session = link.session, resumption.answered(confirmation, on: session) else { return }
        retryTimer.cancel()
        for item in outbox.missing(after: confirmation.received) { send(item, over: link) }
        for (sequence, waiter) in waiters where waiter.confirm == .hub && sequence <= confirmation.received {
            finish(sequence, .success(()))
        }
    }

    // MARK: - Following

    private func link(of hub: MachineName, _ connection: Int? = nil) -> DataLink? {
        links.first { $0.hub == hub && $0.isUp && (connection == nil || $0.connection == connection) }
    }

    /// Asks the hub that is followed what it has already, once in each session with it.
    private func resume() {
        let link = follower.following.flatMap { self.link(of: $0) }
        guard let token = resumption.follow(link?.session, token: Identifier.random), let link else { return }
        ask(link, token)
    }

    private func ask(_ link: DataLink, _ token: String) {
        let request = ResumeRequest(token: token, epoch: follower.epoch)
        link.publish(Publication(topic: Topic.resume(publisher).name, payload: request.encoded))
        // A hub whose server was not ready yet did not hear it.
        retryTimer.schedule(after: .milliseconds(250)) { [weak self, weak link] in
            guard let self, let link, let session = link.session, self.resumption.waits(for: token, on: session)
            else { return }
            self.ask(link, token)
        }
    }

    private func handle(_ event: DataLink.Event, of link: DataLink) {
        guard links.contains(where: { $0 === link }) else { return }
        switch event {
        case .up:
            guard !isOutside(link) else { return leaveForNow(link) }
            if let hub = link.hub { _ = follower.linkUp(hub, at: .now) }
            moved()
        case .silent: reachServers()
        case .reading: align(link)
        case .down:
            link.alignmentTimer.cancel()
            link.alignment.began(awaiting: nil)
            for other in links where other !== link { endAlignment(of: other) }
            if let hub = link.hub {
                follower.linkLost(hub, at: .now)
                for reader in readers.values { reader.inbox.lost(hub) }
            }
            for other in links where other !== link { other.inheritState(of: link) }
            link.forgetState()
            moved()
        case .active:
            obey(link)
            moved()
        case .state(let site): if link.hub == follower.following { note { $0.site = site } }
        case .pair(let pair):
            // One that does not name this hub tells of a site that it was removed from.
            if link.endpoint == given, [pair.main, pair.backup].contains(where: { $0?.name == link.hub }) {
                learnSite(of: link)
            }
            guard !isForeign(link) else { return leaveForNow(link) }
            if learn(pair) { obeyed = link.main }
        case .confirmed(let confirmation): confirmed(confirmation, on: link)
        case .message(let message): deliver(message, from: link)
        }
    }

    private func moved() {
        resume()
        note {
            $0.hub = follower.following
            $0.epoch = follower.epoch
        }
        guard let hub = follower.following, let link = link(of: hub) else { return }
        learnSite(of: link)
        if let site = link.site { note { $0.site = site } }
        link.takeState(after: links.filter { $0 !== link })
    }

    /// One address is enough to find the other one. A server that was removed is left, whether it is there or not.
    ///
    /// - Returns: whether it is the newest.
    private func learn(_ pair: HubPair) -> Bool {
        let named = [pair.main, pair.backup].compactMap { $0 }
        if let epoch = pair.epoch {
            if let newestPair, (epoch, pair.version) < newestPair { return false }
            newestPair = (epoch, pair.version)
            for link in links {
                guard let hub = link.hub, !named.contains(where: { $0.name == hub }) else { continue }
                // Before the first pair one of the two is not named, and belongs to the site all the same.
                if named.count == 2 || hub == backup { leave(link) }
            }
            backup = pair.backup?.name
        }
        // A server that does not know yet who decides names itself only.
        if pair.epoch != nil || newestPair == nil { servers = named }
        reachServers()
        return pair.epoch != nil
    }

    private func obey(_ link: DataLink) {
        guard let active = link.active, !isForeign(link) else { return }
        let before = follower.epoch
        _ = follower.announced(active.announcement, at: .now)
        if follower.epoch != before { obeyed = link.main }
    }

    /// An address where nobody answers may be that of a server which was replaced. Before that is known it may as well be
    /// the only way there.
    private func reachServers() {
        for server in servers where !links.contains(where: { $0.hub == server.name }) {
            let silent = links.first { link in link.isSilent && !servers.contains { $0.endpoint == link.endpoint } }
            if links.count == 2, servers.count == 2, let silent { leave(silent) }
            if links.count < 2 { connect(to: server.endpoint) }
        }
    }

    /// It answered after the pair was known, which names two others.
    private func isOutside(_ link: DataLink) -> Bool {
        newestPair != nil && servers.count == 2 && !servers.contains { $0.name == link.hub }
    }

    /// It may stand where the site says that another one does, or be on its way into this site: not at full speed.
    private func leaveForNow(_ link: DataLink) {
        leave(link)
        reachTimer.schedule(after: .seconds(1)) { [weak self] in self?.reachServers() }
    }

    /// A server of another site is none of ours, whatever it announces: epochs are comparable within a site only, and its
    /// own may be higher.
    private func isForeign(_ link: DataLink) -> Bool {
        guard let main, let other = link.main else { return false }
        return other != main
    }

    /// The first hub that was given tells whose site this is; one that is followed before that one answers, too.
    private func learnSite(of link: DataLink) {
        guard main == nil, let found = link.main else { return }
        main = found
        for other in links where isForeign(other) { leaveForNow(other) }
        guard let obeyed, obeyed != found else { return }
        // That was another site's word.
        (follower, newestPair, servers, backup) = (Follower(), nil, [], nil)
        for link in links {
            obey(link)
            if link.isUp, let hub = link.hub { _ = follower.linkUp(hub, at: .now) }
        }
    }

    private func leave(_ link: DataLink) {
        handle(.down, of: link)
        links.removeAll { $0 === link }
        Task { await link.stop() }
    }

    // MARK: - Subscribing

    /// - Parameters:
    ///   - filters: what to read; a topic, or with the wildcards `+` and `#`.
    ///   - bufferSize: messages that may wait to be read. A reader that does not keep up is ended with an error, and nothing is
    ///     dropped in silence.
    /// - Throws: `SubscribeError`.
    public func subscribe(_ filters: [String], bufferSize: Int = 100_000) throws -> Subscription {
        for filter in filters where !TopicRules.isValidFilter(filter) { throw SubscribeError.invalidFilter(filter) }
        guard !isClosed else { throw SubscribeError.closed }
        nextReader += 1
        let number = nextReader
        let (stream, continuation) = AsyncThrowingStream.makeStream(
            of: Message.self, bufferingPolicy: .bufferingOldest(bufferSize))
        readers[number] = Reader(filters: filters, bufferSize: bufferSize, continuation)
        continuation.onTermination = { _ in
            Task { @SessionLoop [weak self] in self?.unsubscribe(number) }
        }
        for link in links { link.subscribe(filters) }
        return Subscription(stream: stream)
    }

    public func subscribe(_ filters: String..., bufferSize: Int = 100_000) throws -> Subscription {
        try subscribe(filters, bufferSize: bufferSize)
    }

    private func unsubscribe(_ number: UInt64) {
        guard let reader = readers.removeValue(forKey: number) else { return }
        let wanted = filters
        for link in links { link.unsubscribe(reader.filters.filter { !wanted.contains($0) }) }
    }

    private var filters: Set<String> { Set(readers.values.flatMap(\.filters)) }

    /// By then a session that brings nothing is given up (`TCP_USER_TIMEOUT`). Where the servers do not see each other no marker
    /// comes, and what is live cannot wait longer.
    private static let alignmentPatience = Duration.seconds(3)
    /// For readers that have just begun.
    private static let firstAlignmentPatience = Duration.milliseconds(250)

    /// What the new session brings waits for what the other one has still to bring.
    private func align(_ link: DataLink) {
        guard !readers.isEmpty, links.contains(where: { $0 !== link && $0.isUp }) else { return }
        let token = Identifier.random()
        link.alignment.began(awaiting: token)
        link.publish(Publication(topic: Topic.marker(publisher).name, payload: Marker(token: token).encoded))
        let isFirst = readers.values.allSatisfy(\.inbox.isFresh)
        link.alignmentTimer.schedule(after: isFirst ? Self.firstAlignmentPatience : Self.alignmentPatience) {
            [weak self, weak link] in
            if let link { self?.endAlignment(of: link) }
        }
    }

    private func endAlignment(of link: DataLink) {
        link.alignmentTimer.cancel()
        for message in link.alignment.end() { read(message, from: link) }
    }

    private func deliver(_ message: Message, from link: DataLink) {
        if Topic.isMarker(message.topic) {
            guard let marker = try? Marker(decoding: message.payload) else { return }
            for other in links where other !== link && other.alignment.marker == marker.token {
                endAlignment(of: other)
            }
        } else if Topic.isCopied(message.topic), link.alignment.holds(message, bytes: message.payload.count) {
            if link.alignment.isFull { endAlignment(of: link) }
        } else {
            read(message, from: link)
        }
    }

    private func read(_ message: Message, from link: DataLink) {
        guard let hub = link.hub else { return }
        let item = Inbox.Item(message)
        let isShow = Topic.isCopied(message.topic)
        let isFollowed = hub == follower.following
        for reader in readers.values where reader.filters.contains(where: { TopicRules.matches($0, message.topic) }) {
            // What each hub says for itself is read from the one that is followed.
            guard isShow else {
                if isFollowed { reader.yield(message) }
                continue
            }
            if reader.inbox.take(item, from: hub, isFollowed: isFollowed) {
                reader.yield(message)
            } else if item.isState, !isFollowed, reader.inbox.lacks(item) {
                link.missState()
            }
        }
    }
}
