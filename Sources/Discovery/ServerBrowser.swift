import AsyncAlgorithms
import Synchronization

/// What announces itself on the network at this moment.
public struct DiscoveredList: Hashable, Sendable {
    public var servers: [DiscoveredServer]
    /// Why nothing can be known at this moment; `servers` is empty then.
    public var problem: DiscoveryError?

    public init(servers: [DiscoveredServer], problem: DiscoveryError? = nil) {
        self.servers = servers
        self.problem = problem
    }
}

/// Finds the servers that announce themselves, with `avahi-browse`.
public enum ServerBrowser {
    private static let arguments = ["--parsable", "--resolve"]

    /// Looks once, for about a second.
    public static func look() async throws(DiscoveryError) -> [DiscoveredServer] {
        let found = Mutex(DiscoveredServers())
        let tool = AvahiTool(
            name: "avahi-browse", arguments: arguments + ["--terminate", ServerAnnouncement.service])
        let problem = await tool.run { line in
            if let event = BrowseEvent(line: line) { found.withLock { $0.note(event) } }
        }
        if let problem { throw problem }
        return found.withLock { $0.list }
    }

    /// What is seen within it is one change: servers are found one after the other, and a tool that finds no daemon ends
    /// at once.
    private static let settling = Duration.milliseconds(300)

    /// The list, and again whenever it has changed. A reader that is late gets the newest one only. While Avahi is missing
    /// it is tried again; it ends with the reader's task.
    public static func lists() -> AsyncStream<DiscoveredList> {
        let (lists, continuation) = AsyncStream.makeStream(
            of: DiscoveredList.self, bufferingPolicy: .bufferingNewest(1))
        let browsing = Task {
            let (changes, changing) = AsyncStream.makeStream(
                of: DiscoveredList.self, bufferingPolicy: .bufferingNewest(1))
            async let browsing: Void = browse { changing.yield($0) }
            for await list in changes.debounce(for: settling).removeDuplicates() { continuation.yield(list) }
            await browsing
        }
        continuation.onTermination = { _ in browsing.cancel() }
        return lists
    }

    private static func browse(_ onChange: @Sendable (DiscoveredList) -> Void) async {
        let tool = AvahiTool(name: "avahi-browse", arguments: arguments + [ServerAnnouncement.service])
        let found = Mutex(DiscoveredServers())
        await tool.keepRunning {
            found.withLock { $0 = DiscoveredServers() }
            onChange(DiscoveredList(servers: []))
        } onLine: { line in
            guard let event = BrowseEvent(line: line) else { return }
            let list = found.withLock { servers in
                servers.note(event)
                return servers.list
            }
            onChange(DiscoveredList(servers: list))
        } onEnd: {
            onChange(DiscoveredList(servers: [], problem: $0))
        }
    }
}
