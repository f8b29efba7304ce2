import FailoverCore
import HubClient
import MQTTSession

/// Delays and routes as this machine sees them on whichever hub is active, and edits of them. It works with the show only
/// while somebody looks or edits.
actor ShowFeed {
    private let machine: MachineName
    private let access: HubAccess
    private let credentials: TLSCredentials?
    private let (changes, changed) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    private var connection: HubConnection?
    private var reading: Task<Void, Never>?
    private var watching: Task<Void, Never>?
    private var rest: Task<Void, Never>?
    private var listeners = Listeners<ShowDocument>()
    private var edits = 0
    private var values: [ShowItem: [UInt8]] = [:]

    init(of machine: MachineName, access: HubAccess, credentials: TLSCredentials?) {
        self.machine = machine
        self.access = access
        self.credentials = credentials
    }

    /// Until the task is cancelled.
    func run() async {
        for await _ in changes {
            if !listeners.isEmpty {
                let hub = await connection?.state.hub
                listeners.tell(ShowDocument(values, on: hub))
            }
            try? await Task.sleep(for: Bounds.eventPause)
        }
        rest?.cancel()
        await close()
    }

    /// What there is now, and again after each change.
    ///
    /// - Throws: `Problem` when too many listen.
    func follow() async throws -> AsyncStream<ShowDocument> {
        let stream = try listeners.add { [weak self] number in Task { await self?.left(number) } }
        _ = await opened()
        changed.yield()
        return stream
    }

    /// Returns when both hubs have it; over a switch, when the next one has.
    ///
    /// - Parameter value: an empty one deletes the item.
    /// - Throws: `PublishError`; `CancellationError`.
    func publish(_ item: ShowItem, _ value: [UInt8]) async throws {
        edits += 1
        defer {
            edits -= 1
            restWhenAlone()
        }
        try await opened().publish(item.topic, value, within: Bounds.editPatience)
    }

    private func opened() async -> HubConnection {
        rest?.cancel()
        if let connection { return connection }
        let new = await HubConnection(name: machine, hubs: access.hubs, credentials: credentials)
        // Another one may have begun meanwhile.
        if let connection {
            await new.close()
            return connection
        }
        connection = new
        reading = Task { await read(new) }
        watching = Task { [changed] in for await _ in await new.states() { changed.yield() } }
        return new
    }

    private func read(_ connection: HubConnection) async {
        while !Task.isCancelled {
            do {
                for try await message in try await connection.subscribe(ShowItem.filters) {
                    note(message)
                }
                return
            } catch SubscribeError.tooSlow {
                // From the beginning: what is retained comes again.
                values = [:]
            } catch {
                return
            }
        }
    }

    private func note(_ message: Message) {
        guard let item = ShowItem(topic: message.topic), values[item] ?? [] != message.payload else { return }
        values[item] = message.payload.isEmpty ? nil : message.payload
        changed.yield()
    }

    private func left(_ number: UInt64) {
        listeners.remove(number)
        restWhenAlone()
    }

    private func restWhenAlone() {
        guard listeners.isEmpty, edits == 0 else { return }
        rest?.cancel()
        rest = Task {
            guard (try? await Task.sleep(for: Bounds.lingering)) != nil else { return }
            if listeners.isEmpty, edits == 0 { await close() }
        }
    }

    private func close() async {
        let ended = connection
        connection = nil
        reading?.cancel()
        watching?.cancel()
        values = [:]
        await ended?.close()
    }
}
