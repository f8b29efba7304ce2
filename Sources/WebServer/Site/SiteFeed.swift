import FailoverCore
import HubClient
import MQTTSession

/// The site, as this server's own hub and those that it names show it; and everyone who wants to hear of each change.
actor SiteFeed {
    private let machine: MachineName
    private let hub: Endpoint
    private let credentials: TLSCredentials?
    private let (changes, changed) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    private var observer: SiteObserver?

    private var streams: [UInt64: AsyncStream<[UInt8]>.Continuation] = [:]
    private var opened: UInt64 = 0
    private var last: (document: SiteDocument, at: ContinuousClock.Instant)?

    /// - Parameter machine: in whose name it speaks.
    init(of machine: MachineName, hub: Endpoint, credentials: TLSCredentials?) {
        self.machine = machine
        self.hub = hub
        self.credentials = credentials
    }

    /// Until the task is cancelled.
    func run() async {
        let observer = await SiteObserver(hubs: [hub], credentials: credentials) { [changed] _ in changed.yield() }
        self.observer = observer
        for await _ in changes {
            await publish()
            try? await Task.sleep(for: Bounds.eventPause)
        }
        await observer.stop()
    }

    /// `nil`: it does not run yet.
    var view: SiteView? {
        get async { await observer?.view }
    }

    /// - Throws: `Problem` as long as no hub has said anything.
    var document: SiteDocument {
        get async throws {
            guard let document = await view.flatMap({ SiteDocument($0, of: machine) }) else {
                throw Problem(
                    .serviceUnavailable, "The hub of this server does not answer yet. Try again in a moment.")
            }
            return document
        }
    }

    /// The document of now, and one after each change. What nobody has read yet is replaced by what is newer.
    ///
    /// - Throws: `Problem` when too many are open.
    func follow() throws -> AsyncStream<[UInt8]> {
        guard streams.count < Bounds.eventStreams else {
            throw Problem(
                .serviceUnavailable,
                "\(streams.count) programs follow this server's events, and it serves no more. Close one of them.")
        }
        opened += 1
        let number = opened
        let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self, bufferingPolicy: .bufferingNewest(1))
        continuation.onTermination = { [weak self] _ in Task { await self?.left(number) } }
        streams[number] = continuation
        refresh()
        return stream
    }

    /// Everyone gets the document once more.
    func refresh() {
        last = nil
        changed.yield()
    }

    private func left(_ number: UInt64) { streams[number] = nil }

    private func publish() async {
        guard !streams.isEmpty, let document = try? await document else { return }
        if let last, ContinuousClock.now - last.at < Bounds.heartbeatPause, !document.isNews(since: last.document) {
            return
        }
        guard let bytes = try? JSONDocument.encode(document) else { return }
        last = (document, .now)
        for stream in streams.values { stream.yield(bytes) }
    }
}
