import FailoverCore
import Foundation
import HubClient
import HubProtocol
import MQTTSession

/// Waits for what a site should show, event by event.
@SessionLoop
public final class SiteWatch {
    public struct NotSeen: Error, CustomStringConvertible {
        public let description: String
    }

    private struct Waiter {
        var condition: @Sendable (SiteView) -> Bool
        var continuation: CheckedContinuation<ContinuousClock.Instant?, Never>
        var deadline: LoopTimer
    }

    /// What a hub said of who is active.
    public struct Announcement: Sendable {
        /// When it came here.
        public let at: Date
        public let from: Endpoint
        public let active: HubActive
    }

    /// Every change of `hub/active` on every hub.
    public private(set) var announcements: [Announcement] = []

    private var observer: SiteObserver!
    private var waiters: [Int: Waiter] = [:]
    private var next = 0

    /// - Parameter findsOthers: see `SiteObserver`.
    public init(hubs: [Endpoint], credentials: TLSCredentials? = nil, findsOthers: Bool = true) {
        observer = SiteObserver(hubs: hubs, credentials: credentials, findsOthers: findsOthers) { [weak self] in
            self?.changed($0)
        }
    }

    public var view: SiteView { observer.view }

    public func stop() { observer.stop() }

    /// Returns the moment at which the condition was first seen to hold.
    ///
    /// - Throws: `NotSeen`, which says what the site shows instead, when `bound` has passed; `CancellationError`.
    @discardableResult
    public func wait(
        for what: String, within bound: Duration = .seconds(20), until condition: @escaping @Sendable (SiteView) -> Bool
    ) async throws -> ContinuousClock.Instant {
        if condition(observer.view) { return .now }
        let number = next
        next += 1
        let moment = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<ContinuousClock.Instant?, Never>) in
                guard !Task.isCancelled else { return continuation.resume(returning: nil) }
                let deadline = LoopTimer()
                waiters[number] = Waiter(condition: condition, continuation: continuation, deadline: deadline)
                deadline.schedule(after: bound) { [weak self] in self?.giveUp(number) }
            }
        } onCancel: {
            Task { @SessionLoop in self.giveUp(number) }
        }
        try Task.checkCancellation()
        guard let moment else { throw NotSeen(description: "not seen within \(bound): \(what). Seen: \(summary)") }
        return moment
    }

    private func note(_ view: SiteView) {
        for (endpoint, hub) in view.hubs {
            guard let active = hub.active, active != announcements.last(where: { $0.from == endpoint })?.active else {
                continue
            }
            announcements.append(Announcement(at: .now, from: endpoint, active: active))
        }
    }

    private func giveUp(_ number: Int) {
        guard let waiter = waiters.removeValue(forKey: number) else { return }
        waiter.deadline.cancel()
        waiter.continuation.resume(returning: nil)
    }

    private func changed(_ view: SiteView) {
        note(view)
        for (number, waiter) in waiters where waiter.condition(view) {
            waiters[number] = nil
            waiter.deadline.cancel()
            waiter.continuation.resume(returning: .now)
        }
    }

    private var summary: String {
        let view = observer.view
        let hubs = view.hubs.map { endpoint, hub in
            "\(endpoint) \(view.reach[endpoint].map { "\($0)" } ?? "") \(hub.state?.chip ?? "no state"), active "
                + "\(hub.active?.hub?.description ?? "none") epoch \(hub.active?.epoch.description ?? "none")"
        }
        let machines = view.machines.sorted { $0.key < $1.key }.map { name, machine in
            "\(name) \(machine.status?.state.rawValue ?? "?") follows \(machine.links?.following?.description ?? "none")"
        }
        return (hubs + machines).joined(separator: "; ")
    }
}

extension SiteView {
    /// The hub at `endpoint` is reached and says that `hub` is active.
    public func isActive(_ hub: MachineName, at endpoint: Endpoint) -> Bool {
        reach[endpoint] == .reached && hubs[endpoint]?.active?.hub == hub
    }

    /// Every one of these machines is online and follows `hub`.
    public func everyone(of machines: [MachineName], follows hub: MachineName) -> Bool {
        let seen = self.machines
        return machines.allSatisfy { seen[$0]?.status?.state == .online && seen[$0]?.links?.following == hub }
    }
}
