import FailoverCore
import HubClient
import MQTTSession

/// The site, as the hubs of this machine and those that they name show it; and everyone who wants to hear of each change.
/// A server looks on all the time, a client only while somebody does here.
actor SiteFeed {
    private let machine: MachineName
    private let access: HubAccess
    private let credentials: TLSCredentials?
    private let (changes, changed) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    private var observer: SiteObserver?
    private var observingSince = ContinuousClock.now
    /// Ends what nobody looks at any more.
    private var rest: Task<Void, Never>?

    private var listeners = Listeners<ServerSentEvent>()
    /// Those who need no document in which only hearts have beaten.
    private var changeListeners = Listeners<ServerSentEvent>()
    private var last: (news: Int, hasLate: Bool, at: ContinuousClock.Instant)?

    /// - Parameter machine: in whose name it speaks.
    init(of machine: MachineName, access: HubAccess, credentials: TLSCredentials?) {
        self.machine = machine
        self.access = access
        self.credentials = credentials
    }

    /// Until the task is cancelled.
    func run() async {
        if access.door != nil { await observe() }
        for await _ in changes {
            await publish()
            try? await Task.sleep(for: Bounds.eventPause)
        }
        rest?.cancel()
        await observer?.stop()
    }

    /// Whoever has not heard every hub in this time gets what there is; sooner where one of them knows the site.
    private static let patience = (one: Duration.milliseconds(300), none: Duration.seconds(3))

    /// The site as it is seen now; `nil`: this server's hub is not looked at yet.
    var view: SiteView? {
        get async {
            guard access.door == nil else { return await observer?.view }
            await observe()
            restIfUnheard()
            while let observer {
                let view = await observer.view
                let patience = view.authority == nil ? Self.patience.none : Self.patience.one
                if view.isSettled || ContinuousClock.now - observingSince >= patience { return view }
                try? await Task.sleep(for: .milliseconds(20))
            }
            return nil
        }
    }

    /// - Throws: `Problem` as long as no hub has said anything.
    var document: SiteDocument {
        get async throws {
            guard let document = await view.flatMap({ SiteDocument($0, of: machine) }) else {
                throw Problem(
                    .serviceUnavailable,
                    access.door == nil
                        ? "No hub of the site answers this machine. Check that a server runs, and the network."
                        : "The hub of this server does not answer yet. Try again in a moment.")
            }
            return document
        }
    }

    /// The document of now, and one after each change and each second; `unreached` when no hub is reached any more.
    ///
    /// - Parameter changesOnly: `alive` in place of a document in which nothing has changed.
    /// - Throws: `Problem` when too many listen.
    func follow(changesOnly: Bool) async throws -> AsyncStream<ServerSentEvent> {
        let onLeave = { @Sendable [weak self] number in _ = Task { await self?.left(number, changesOnly: changesOnly) }
        }
        let stream = try changesOnly ? changeListeners.add(onLeave: onLeave) : listeners.add(onLeave: onLeave)
        rest?.cancel()
        await observe()
        refresh()
        return stream
    }

    /// Everyone gets the document once more.
    func refresh() {
        last = nil
        changed.yield()
    }

    private func observe() async {
        guard observer == nil else { return }
        let observer = await SiteObserver(hubs: access.hubs, credentials: credentials) { [changed] _ in changed.yield()
        }
        // Another one may have begun meanwhile.
        guard self.observer == nil else { return await observer.stop() }
        self.observer = observer
        observingSince = .now
    }

    private var hasListeners: Bool { !listeners.isEmpty || !changeListeners.isEmpty }

    private func left(_ number: UInt64, changesOnly: Bool) {
        if changesOnly { changeListeners.remove(number) } else { listeners.remove(number) }
        restIfUnheard()
    }

    private func restIfUnheard() {
        guard !hasListeners, access.door == nil else { return }
        rest?.cancel()
        // A page that is loaded anew leaves and comes back.
        rest = Task {
            guard (try? await Task.sleep(for: Bounds.lingering)) != nil else { return }
            await stopObserving()
        }
    }

    private func stopObserving() async {
        guard !hasListeners, let observer else { return }
        self.observer = nil
        await observer.stop()
    }

    private func publish() async {
        guard hasListeners, let view = await observer?.view else { return }
        let isNews = last?.news != view.news
        if let last, !isNews, ContinuousClock.now - last.at < Bounds.heartbeatPause { return }
        guard let document = SiteDocument(view, of: machine) else {
            if view.isSettled, !view.isReached {
                let unreached = ServerSentEvent(name: "unreached", data: Array("{}".utf8))
                listeners.tell(unreached)
                changeListeners.tell(unreached)
            }
            return
        }
        let hasLate = document.list.machines.contains(where: \.isLate)
        defer { last = (view.news, hasLate, .now) }
        // Hearts that beat as they should are all the same.
        let isSame = !isNews && !hasLate && last?.hasLate == false
        if isSame { changeListeners.tellIdle(ServerSentEvent(name: "alive", data: Array("{}".utf8))) }
        guard !isSame || !listeners.isEmpty, let bytes = try? JSONDocument.encode(document) else { return }
        let event = ServerSentEvent(data: bytes)
        listeners.tell(event)
        if !isSame { changeListeners.tell(event) }
    }
}
