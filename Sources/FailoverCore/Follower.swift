/// Decides, on one machine, which hub it follows: the highest epoch that any hub announces (invariant I1).
public struct Follower: Sendable {
    /// What a hub's broker says of who is active.
    public struct Announcement: Hashable, Sendable {
        public var epoch: Epoch
        /// `nil`: the announcing side has stood down.
        public var hub: MachineName?
        public var reason: Reason
        /// How long the hub before had been silent when this one took over.
        public var silence: Duration

        public init(epoch: Epoch, hub: MachineName?, reason: Reason, silence: Duration) {
            self.epoch = epoch
            self.hub = hub
            self.reason = reason
            self.silence = silence
        }
    }

    /// A finished switch from one hub to another.
    public struct Switch: Hashable, Sendable {
        public var epoch: Epoch
        public var from: MachineName
        public var to: MachineName
        /// From the last that this machine had of the old hub to the moment it worked on the new one.
        public var outage: Duration
        public var reason: Reason
    }

    public enum Outcome: Hashable, Sendable {
        /// A hub is followed; with the switch, unless it is the first one or the same.
        case followed(Switch?)
        /// The epoch is obeyed, but its hub cannot be reached yet.
        case waitingForHub
        case unchanged
        case ignoredStoodDown
        case ignoredLowerEpoch
    }

    /// The highest epoch obeyed so far.
    public private(set) var epoch: Epoch?
    /// The hub that this machine works on; `nil` while the one it should follow cannot be reached.
    public private(set) var following: MachineName?

    private var announced: Announcement?
    private var announcedAt: MonotonicTime?
    /// The hub before a switch that is under way.
    private var leaving: MachineName?
    private var lostAt: [MachineName: MonotonicTime] = [:]
    private var reachable: Set<MachineName> = []

    public init() {}

    public mutating func announced(_ announcement: Announcement, at now: MonotonicTime) -> Outcome {
        guard let hub = announcement.hub else { return .ignoredStoodDown }
        if let epoch, announcement.epoch < epoch { return .ignoredLowerEpoch }
        guard announcement.epoch != epoch else { return .unchanged }
        epoch = announcement.epoch
        if let before = announced?.hub, before != hub {
            // Away and back before the way there was finished: no switch at all.
            leaving = leaving == hub ? nil : leaving ?? before
        }
        announced = announcement
        announcedAt = now
        return follow(at: now)
    }

    /// The session with `hub` works.
    public mutating func linkUp(_ hub: MachineName, at now: MonotonicTime) -> Outcome {
        reachable.insert(hub)
        guard announced?.hub == hub, following != hub else {
            lostAt[hub] = nil
            return .unchanged
        }
        return follow(at: now)
    }

    /// The session with `hub` broke. Nothing else happens: only an announcement moves a machine.
    public mutating func linkLost(_ hub: MachineName, at now: MonotonicTime) {
        guard reachable.remove(hub) != nil else { return }
        lostAt[hub] = now
        if following == hub { following = nil }
    }

    private mutating func follow(at now: MonotonicTime) -> Outcome {
        guard let announced, let hub = announced.hub else { return .unchanged }
        guard reachable.contains(hub) else {
            following = nil
            return .waitingForHub
        }
        following = hub
        guard let from = leaving else {
            lostAt[hub] = nil
            return .followed(nil)
        }
        leaving = nil
        // A session that closed tells the moment itself; a hub that hangs, only the server that watched it can.
        let waited = announcedAt.map { now - $0 } ?? .zero
        let outage = lostAt[from].map { now - $0 } ?? announced.silence + waited
        return .followed(Switch(epoch: announced.epoch, from: from, to: hub, outage: outage, reason: announced.reason))
    }
}
