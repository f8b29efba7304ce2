import FailoverCore

/// `hub/conflicts`: writes of both sides that a merge had to choose between, newest first.
public struct HubConflicts: Payload {
    public static let maximumCount = 50
    /// Longer payloads are cut.
    public static let mostPayloadBytes = 1024

    public struct Conflict: Codable, Hashable, Sendable {
        public var topic: String
        public var kept: Side
        public var dropped: Side
        public var at: UTCTime

        public init(topic: String, kept: Side, dropped: Side, at: UTCTime) {
            (self.topic, self.kept, self.dropped, self.at) = (topic, kept, dropped, at)
        }
    }

    /// One of the two writes.
    public struct Side: Codable, Hashable, Sendable {
        /// On whose hub it arrived, and in which epoch.
        public var hub: MachineName
        public var epoch: Epoch
        /// Its author, where that is known.
        public var machine: MachineName?
        /// All of it.
        public var bytes: Int
        /// As text, or else as `base64`; cut.
        public var payload: String?
        public var base64: String?

        public init(hub: MachineName, epoch: Epoch, machine: MachineName?, payload: [UInt8]) {
            (self.hub, self.epoch, self.machine, bytes) = (hub, epoch, machine, payload.count)
            let part = Array(payload.prefix(HubConflicts.mostPayloadBytes))
            if let text = String(validating: part, as: UTF8.self) {
                self.payload = text
            } else {
                base64 = part.base64
            }
        }
    }

    public private(set) var conflicts: [Conflict] = []

    public init() {}

    public mutating func note(_ conflict: Conflict) {
        conflicts = [conflict] + conflicts.prefix(Self.maximumCount - 1)
    }
}
