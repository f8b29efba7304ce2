import AsyncAlgorithms
import Logging
import Synchronization

/// Announces a server with `avahi-publish-service`. Where there is no Avahi it says so once, and tries on.
public struct ServerAnnouncer: Sendable {
    /// What changes again within it is not announced. And a server that comes back at once waits until the others have
    /// forgotten its former announcement, which takes a second after its withdrawal (RFC 6762, 10.1): of one that comes back
    /// sooner they may keep half.
    private static let settling = Duration.seconds(2)

    private let log: Logger

    public init(log: Logger) { self.log = log }

    /// Announces the newest one, until the task is cancelled; then it is withdrawn.
    public func run(_ announcements: AsyncStream<ServerAnnouncement>) async {
        let complaint = Complaint(log)
        var newest: Task<Void, Never>?
        for await announcement in announcements.debounce(for: Self.settling) {
            newest = Task { [before = newest] in
                await keep(announcement, complaint) { before?.cancel() }
                before?.cancel()
                await before?.value
            }
        }
        newest?.cancel()
        await newest?.value
    }

    /// - Parameter onStanding: the one before may go. It is called also where this one cannot be announced: then that one
    ///   stands in its way, or is not announced either.
    private func keep(
        _ announcement: ServerAnnouncement, _ complaint: Complaint, onStanding: @escaping @Sendable () -> Void
    ) async {
        let tool = AvahiTool(
            name: "avahi-publish-service",
            // A name may begin with a hyphen.
            arguments: ["--", announcement.label, ServerAnnouncement.service, "\(announcement.port)"]
                + announcement.texts)
        await tool.keepRunning { line in
            guard line.hasPrefix("Established under name") else { return }
            complaint.isOver(announcement)
            onStanding()
        } onEnd: {
            complaint.say($0)
            onStanding()
        }
    }
}

/// Says what is wrong once, and once that it is not any more.
private final class Complaint: Sendable {
    private let log: Logger
    private let isSaid = Mutex(false)

    init(_ log: Logger) { self.log = log }

    func say(_ error: DiscoveryError) {
        guard !exchange(true) else { return }
        log.notice("\(error)")
    }

    func isOver(_ announcement: ServerAnnouncement) {
        log.log(level: exchange(false) ? .notice : .debug, "announced by DNS-SD as \(announcement.label)")
    }

    private func exchange(_ new: Bool) -> Bool {
        isSaid.withLock { value in
            defer { value = new }
            return value
        }
    }
}
